# SPDX-License-Identifier: MIT
# An editor and a pager, without a terminal.
rm -rf /tmp/kozo-rung; mkdir /tmp/kozo-rung; cd /tmp/kozo-rung || exit 1
seq 1 100 >f
vim -es -u NONE -N -c '%s/^\(.*\)$/<\1>/' -c '50,100d' -c 'normal ggOfirst' -c 'wq' f </dev/null
echo "vim $?"; head -3 f; wc -l f
less f | tail -1; less nosuch; echo "less $?"; cd /; rm -rf /tmp/kozo-rung
