# SPDX-License-Identifier: MIT
# bash: arrays, arithmetic, substitution of processes, jobs, traps, here strings.
rm -rf /tmp/kozo-rung; mkdir /tmp/kozo-rung; cd /tmp/kozo-rung || exit 1
declare -a list=(one two three); declare -A map=([x]=1 [y]=2)
echo "${list[@]} ${#list[@]} ${list[-1]} ${map[x]} ${!list[@]}"
for ((i = 0; i < 3; i++)); do printf '%s,' "$i"; done; echo
text='Hello, World'; echo "${text^^} ${text/World/KOZO} ${text:7:3} ${text##* }"
echo $((2 ** 40)) $((16#ff)) $((7 % 3)); [[ $text =~ W(.)r ]] && echo "${BASH_REMATCH[1]}"
diff <(seq 1 5) <(seq 1 2 5); echo "diff $?"
cat <<<"a here string"; mapfile -t lines < <(seq 3); echo "${lines[@]}"
f() { local x=$1; (( x <= 1 )) && { echo 1; return; }; echo $((x * $(f $((x - 1))))); }; f 6
trap 'echo caught USR1' USR1; kill -USR1 $BASHPID; trap - USR1
sleep 5 & pid=$!; kill $pid; wait $pid; echo "killed $?"
(trap 'echo leaving' EXIT; exit 4); echo "sub $?"
set -o pipefail; false | true; echo "pipe $?"; set +o pipefail
coproc cat; echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
eval "exec ${COPROC[1]}>&-"; wait
exec 5>out; echo five >&5; exec 5>&-; cat out; exec 6<out; read -r -u 6 got; echo "$got"; exec 6<&-
shopt -s nullglob extglob; touch a1 a2 b1; pattern='!(a*|out)'; echo a* $pattern; echo {1..5} {a..e..2}
read -r -t 0.05 x < <(sleep 1; echo late); echo "read $?"
printf '%q %s\n' "a b" "$(printf '%(%Y)T' 0)"; type -t cd; echo ${PIPESTATUS[@]}
jobs; sleep 0.2 & jobs -r | sed 's/[0-9]\{2,\}//'; wait; echo done
case abc in a*c) echo case;; esac; select_me=1; let select_me+=4; echo $select_me
ulimit -n >/dev/null && echo limit; umask 027; umask; touch g; stat -c %a g
nosuchcommand; echo "missing $?"; /tmp; echo "folder $?"
cd /; rm -rf /tmp/kozo-rung; exit 9
