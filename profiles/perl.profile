# perl: what it says that it needs, for ./kozo run --profile perl --prompt -- perl
want files.folder.read "read your scripts, and modules beside them"
