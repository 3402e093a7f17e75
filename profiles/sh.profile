# sh: what it says that it needs, for ./kozo run --profile sh --prompt -- sh
want files.folder.write "run scripts that work on the files where you are"
