# sqlite3: what it says that it needs, for ./kozo run --profile sqlite3 --prompt -- sqlite3
need files.folder.write "keep the database that you name, and its journal"
