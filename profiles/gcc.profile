# gcc: what it says that it needs, for ./kozo run --profile gcc --prompt -- gcc
need files.folder.write "read sources and write what is made of them"
