# bash: what it says that it needs, for ./kozo run --profile bash --prompt -- bash
want files.folder.write "run scripts that work on the files where you are"
