# SPDX-License-Identifier: MIT
# The shell and tools of busybox: loops, pipes, redirection, files, archives, jobs.
export PATH=/tmp/kozo-rung/bin
/bin/busybox rm -rf /tmp/kozo-rung
/bin/busybox mkdir -p /tmp/kozo-rung/bin
/bin/busybox --install -s /tmp/kozo-rung/bin
cd /tmp/kozo-rung || exit 1
i=0
while [ $i -lt 20 ]; do echo "line $i of many"; i=$((i + 1)); done >text
cat text | grep 1 | sed 's/many/some/' | awk '{ s += $2; print $4 } END { print s }' | sort | uniq -c
printf 'c\nb\na\n' | while read -r word; do echo "<$word>"; done
cat <<END
here is $((6 * 7))
END
echo out; echo err >&2
(exit 3); echo "status $?"
echo "$(echo inner; echo second)" | tr a-z A-Z
sleep 0.05 & wait $!; echo "waited $?"
mkdir -p a/b/c; echo one >a/1; echo two >a/b/2; ln a/1 a/hard; ln -s b/2 a/soft; ln -s nowhere a/broken
ls a; ls -l a/soft | awk '{ print $NF }'; cat a/soft; cat a/broken; echo "status $?"
find a | sort; find a -name '[12]' -exec cat {} \; | sort
find a -type f | sort | xargs md5sum
cp -r a d && mv d e && ls -R e
chmod 640 a/1; stat -c '%a %s %F %h' a/1
touch -d '2020-01-02 03:04:05' a/1; stat -c %Y a/1
tar czf a.tgz a && rm -rf a && tar xzf a.tgz && find a | sort
gzip -c text | zcat | cmp - text && echo same
dd if=/dev/zero of=zeros bs=1k count=64 2>/dev/null; wc -c zeros; sha256sum zeros
seq 1 500 | tail -n 3; seq 1 100000 | wc -l
diff text zeros >/dev/null; echo "diff $?"
mkfifo pipe; (echo through the pipe >pipe) & cat pipe; wait
id -u; uname -s; readlink -f a/soft
timeout 1 sleep 10; echo "timeout $?"
env -i A=1 B=2 env | sort
trap 'echo bye' EXIT
trap 'echo got TERM' TERM; kill -TERM $$ & wait; wait
expr 5 \* 8; basename /x/y.c .c; dirname /x/y.c
test -e nosuch || echo none
cut -d' ' -f2 text | head -n 2; printf '%05d %x %s\n' 42 255 text
rm -rf a e; ls; cd /; rm -rf /tmp/kozo-rung
exit 7
