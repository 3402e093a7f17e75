# git: what it says that it needs, for ./kozo run --profile git --prompt -- git
need files.folder.write "keep the history of the files where you are"
want files.path.read:/etc/gitconfig "settings of this machine"
