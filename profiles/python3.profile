# python3: what it says that it needs, for ./kozo run --profile python3 --prompt -- python3
want files.folder.read "read your scripts, and modules beside them"
