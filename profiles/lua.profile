# lua: what it says that it needs, for ./kozo run --profile lua --prompt -- lua
want files.folder.read "read your scripts, and modules beside them"
