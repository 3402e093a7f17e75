# make: what it says that it needs, for ./kozo run --profile make --prompt -- make
need files.folder.write "read sources and write what is made of them"
