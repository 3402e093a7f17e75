# busybox: what it says that it needs, for ./kozo run --profile busybox --prompt -- busybox
want files.folder.read "read the files that you name"
