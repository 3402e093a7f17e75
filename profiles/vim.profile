# vim: what it says that it needs, for ./kozo run --profile vim --prompt -- vim
need files.folder.write "read and write the files that you edit"
want files.path.read:/etc/vim "settings of this machine"
