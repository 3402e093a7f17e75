# less: what it says that it needs, for ./kozo run --profile less --prompt -- less
need files.folder.read "show the files that you name"
