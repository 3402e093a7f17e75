# SPDX-License-Identifier: MIT
# coreutils by the plain shell: each program is a process of its own with the C library.
rm -rf /tmp/kozo-rung; mkdir /tmp/kozo-rung; cd /tmp/kozo-rung || exit 1
seq 1 1000 >n; sort -rn n | head -3; shuf -n 1 n | wc -l; tac n | head -2; nl n | tail -1
wc n; sum n; cksum n; md5sum n; sha1sum n; sha512sum n | cut -c1-32; b2sum n | cut -c1-32
split -l 300 n part.; ls part.*; cat part.* | cmp - n && echo whole
paste -d: n n | head -2; join n n | head -2; comm -12 n n | wc -l; fold -w 10 n | wc -l
tr 0-9 a-j <n | tail -1; cut -c1 n | sort | uniq -c | sort -rn | head -1; fmt -w 40 n | head -1
pr -t -3 n | head -1
expand n | cmp - n; od -An -tx1 -N4 n; base64 n | head -1; base32 n | head -1
numfmt --to=iec 1048576; factor 123456789
head -c 1M /dev/zero >z; truncate -s 3M z; stat -c '%s %F' z; dd if=z of=y bs=64k 2>/dev/null
cmp z y && echo equal
cp -a n m; cp --sparse=always z s; stat -c %s s; ln -s n l; readlink l; realpath l; mkdir -p p/q
rmdir -p p/q; ls -1
touch -d @1000000000 t; stat -c '%Y %A' t; date -u -d @1000000000; chmod u=rwx,go= t; stat -c %a t
install -m 600 n i; stat -c %a i
mv -n n m; echo $?; mv t u; test -f t; echo $?; mktemp -p . x.XXXXXX | wc -c; du -b n | cut -f1
echo text | tee one two; cat one two; yes | head -3; true; echo $?; false; echo $?; printenv NOSUCH
echo $?; nproc >/dev/null; echo $?
env -i X=1 env; nice -n 0 true; timeout 0.1 sleep 5; echo $?; timeout 5 true; echo $?; expr 3 + 4
pathchk x; basename a/b; dirname a/b
whoami >/dev/null; echo $?; cat nosuch; echo $?; rm nosuch; echo $?; ls nosuch; echo $?; mkdir one
echo $?; rmdir nosuch; echo $?
csplit -s n 500; wc -l xx00 xx01; ptx n >/dev/null; echo $?; tsort <<END
a b
b c
END
sleep 0.01; sync; stdbuf -o0 echo unbuffered; nohup echo hup 2>/dev/null; echo "[ $? ]"; [ 1 -lt 2 ]
echo $?; dircolors -b | wc -c
cd /; rm -rf /tmp/kozo-rung
