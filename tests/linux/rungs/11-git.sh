# SPDX-License-Identifier: MIT
# git: objects, index, branches, merges, in a folder that only this run has.
export HOME=/tmp/kozo-rung GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
rm -rf /tmp/kozo-rung; mkdir /tmp/kozo-rung; cd /tmp/kozo-rung || exit 1
git config --global user.name Somebody; git config --global user.email somebody@example.org
git config --global init.defaultBranch trunk
git init -q work && cd work || exit 1
for i in 1 2 3; do echo "line $i" >>file; echo "$i" >"n$i"; git add .; git commit -qm "commit $i"; done
git log --oneline; git status --short; echo changed >>file; git diff; git stash -q; git stash pop -q
git checkout -q -- file
git checkout -qb side HEAD~1; echo side >side; git add side; git commit -qm side
git checkout -q trunk; git merge -q side -m merged; git log --graph --oneline
git clone -q . ../copy && cd ../copy && git log -1 --format='%H %an %s' && git fsck 2>&1 && git gc -q &&
  git count-objects -v | grep -v size
git grep -n line; git blame -s file
git tag v1; git describe; git rev-parse HEAD; git cat-file -p HEAD^{tree}; git archive HEAD | tar t
git show --stat HEAD~1; git branch -a; git nosuch; echo "status $?"
cd /; rm -rf /tmp/kozo-rung
