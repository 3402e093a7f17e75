# SPDX-License-Identifier: MIT
# A compiler and make: they start many processes, and write and run what they made.
rm -rf /tmp/kozo-rung; mkdir /tmp/kozo-rung; cd /tmp/kozo-rung || exit 1
cat >main.c <<'END'
#include <stdio.h>
#include "part.h"
int main(int argc, char **argv) { printf("%s %d %d\n", argv[0], argc, part(20)); return 0; }
END
echo 'int part(int n);' >part.h
echo '#include "part.h"
int part(int n) { return n < 2 ? n : part(n - 1) + part(n - 2); }' >part.c
printf 'CFLAGS = -O2 -Wall\nprog: main.o part.o\n\t$(CC) -o $@ $^\n' >Makefile
printf '%%.o: %%.c part.h\n\t$(CC) $(CFLAGS) -c -o $@ $<\nclean:\n\trm -f *.o prog\n' >>Makefile
make CC=gcc; echo "make $?"; ./prog a b; make CC=gcc; touch part.c; make -j2 CC=gcc | sort; ./prog
gcc -O1 -static -o still main.c part.c && ./still; echo "static $?"
echo 'int main(void) { return undeclared; }' | gcc -x c -fno-diagnostics-color - -o bad; echo "bad $?"
gcc -E -P part.c | tail -2; gcc -S -O1 -o - part.c | grep -c part; size part.o | wc -l
nm prog | grep -c ' T '
make clean CC=gcc; make nosuch; echo "none $?"; cd /; rm -rf /tmp/kozo-rung
