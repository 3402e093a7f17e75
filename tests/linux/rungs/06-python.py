# SPDX-License-Identifier: MIT
# Python: numbers, text, files, processes, threads, sockets, signals, time.
import asyncio, collections, concurrent.futures, ctypes, functools, glob, gzip, hashlib, io, itertools
import json, mmap, os, pathlib, queue, re
import select, shutil, signal, socket, stat, struct, subprocess, sys, tempfile, threading, time, zlib

print(2**100, sum(range(1000)), 0.1 + 0.2, f"{3.14159:.3f}", "ä€😀".encode().hex())
root = pathlib.Path("/tmp/kozo-rung")
shutil.rmtree(root, ignore_errors=True)
root.mkdir()
os.chdir(root)
print(json.dumps({"b": [1, 2.5, None, True], "a": "\u20ac"}, sort_keys=True), re.findall(r"\d+", "a1b22c333"))
print(hashlib.sha256(b"x" * 1000).hexdigest(), zlib.crc32(b"kozo"), struct.pack("<IH", 1, 2))
pathlib.Path("f").write_text("line\n" * 1000)
with open("f", "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
    m[0:4] = b"LINE"
    print(m.find(b"line"), len(m))
print(open("f").readline().strip(), os.stat("f").st_size, stat.filemode(os.stat("f").st_mode))
os.symlink("f", "s"); os.link("f", "h"); os.mkdir("d"); os.rename("h", "d/h")
print(sorted(os.listdir()), os.readlink("s"))
print(sorted(p.as_posix() for p in pathlib.Path(".").rglob("*")), glob.glob("d/*"))
with gzip.open("z.gz", "wb") as z: z.write(b"data" * 10000)
print(len(gzip.open("z.gz").read()), shutil.disk_usage("/tmp").total > 0)
for bad in (lambda: open("nosuch"), lambda: os.mkdir("d"), lambda: os.rmdir("d"), lambda: os.listdir("f"),
            lambda: os.close(999)):
    try: bad()
    except OSError as e: print(type(e).__name__, e.errno, e.strerror)
print(subprocess.run(["/bin/echo", "child"], capture_output=True).stdout)
print(subprocess.run("exit 5", shell=True).returncode)
print(subprocess.run(["tr", "a-z", "A-Z"], input="piped", text=True, capture_output=True).stdout)
try: subprocess.run(["sleep", "10"], timeout=0.1)
except subprocess.TimeoutExpired: print("timed out")
pid = os.fork()
if pid == 0: os._exit(42)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
total, lock = 0, threading.Lock()
def work():
    global total
    for _ in range(1000):
        with lock: total += 1
threads = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(total)
with concurrent.futures.ThreadPoolExecutor(4) as pool: print(list(pool.map(lambda x: x * x, range(10))))
q = queue.Queue()
threading.Thread(target=lambda: [q.put(i) for i in range(3)], daemon=True).start()
print([q.get(timeout=5) for _ in range(3)])
a, b = socket.socketpair(); a.sendall(b"hello"); print(b.recv(10)); a.close(); print(b.recv(10)); b.close()
server = socket.socket(socket.AF_UNIX); server.bind("sock"); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect("sock"); peer, _ = server.accept()
client.send(b"over unix"); print(peer.recv(100)); r, w = os.pipe(); socket.send_fds(client, [b"fd"], [w])
data, fds, _, _ = socket.recv_fds(peer, 10, 1); os.write(fds[0], b"passed"); print(data, os.read(r, 10))
poller = select.epoll(); poller.register(peer, select.EPOLLIN); print(poller.poll(0))
client.send(b"x"); print(len(poller.poll(1)))
got = []
signal.signal(signal.SIGUSR1, lambda n, f: got.append(n)); os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.01); print(got)
signal.signal(signal.SIGALRM, lambda n, f: got.append(n))
signal.setitimer(signal.ITIMER_REAL, 0.05); signal.pause(); print(got)
async def main():
    async def say(n): await asyncio.sleep(0.01 * n); return n
    print(await asyncio.gather(*(say(n) for n in range(5))))
    p = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    print((await p.communicate(b"async"))[0])
asyncio.run(main())
print(sys.version_info[0], os.getcwd(), os.path.realpath("s"), ctypes.CDLL(None).abs(-5))
start = time.monotonic(); time.sleep(0.05); print(0.04 < time.monotonic() - start < 5, time.time() > 1.6e9)
print(functools.reduce(lambda a, b: a * b, range(1, 30)), collections.Counter("mississippi").most_common(2))
print(len(list(itertools.permutations(range(6)))))
big = bytearray(64 << 20); big[-1] = 1; print(len(big)); del big
os.chdir("/"); shutil.rmtree(root); print(root.exists(), io.StringIO("x").read()); sys.exit(3)
