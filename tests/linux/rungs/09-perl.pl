# SPDX-License-Identifier: MIT
# Perl: text, files, processes, pipes, signals.
use strict; use warnings; use POSIX (); use File::Temp; use Socket; use IO::Handle;
STDOUT->autoflush(1); STDERR->autoflush(1);
my %h = map { $_ => length } qw(alpha beta gamma); print join(",", map { "$_=$h{$_}" } sort keys %h), "\n";
my $s = "the quick brown fox"; (my $u = $s) =~ s/(\w+)/\u$1/g; print "$u\n", scalar reverse($s), "\n";
system("rm -rf /tmp/kozo-rung; mkdir /tmp/kozo-rung"); chdir "/tmp/kozo-rung" or die;
open(my $f, ">", "f") or die; print $f "$_\n" for 1 .. 500; close $f; open($f, "<", "f") or die; my $sum = 0; $sum += $_ while <$f>; close $f;
print "$sum ", -s "f", "\n"; print `echo from a child`; system("sh", "-c", "exit 7"); print $? >> 8, "\n";
open(my $p, "-|", "sort", "-rn", "f") or die; print scalar <$p>; close $p;
my $pid = fork; if (!$pid) { POSIX::_exit(11) } waitpid $pid, 0; print $? >> 8, "\n";
$SIG{USR1} = sub { print "caught\n" }; kill USR1 => $$; select undef, undef, undef, 0.01;
eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; select undef, undef, undef, 5; }; print $@;
pipe(my $r, my $w); if (!fork) { close $r; print $w "in the pipe\n"; close $w; POSIX::_exit(0) } close $w; print <$r>; wait;
socketpair(my $one, my $other, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die; syswrite $one, "sock"; sysread $other, my $got, 10; print "$got\n";
open(my $n, "<", "nosuch") or print "$!\n"; mkdir "f" or print "$!\n"; print join(",", sort glob("*")), "\n";
symlink "f", "l"; print readlink("l"), " ", (stat "l")[7], " ", (lstat "l")[7], "\n"; utime 1000, 2000, "f"; print +(stat "f")[9], "\n";
printf "%s %.2f %b %o\n", join("", sort split //, "perl"), 22 / 7, 10, 64; print sprintf("%vd", "1.22.333"), "\n";
local $| = 1; my @sorted = sort { $a <=> $b } map { ($_ * 7919) % 1009 } 1 .. 200; print "@sorted[0..4]\n"; chdir "/"; system("rm -rf /tmp/kozo-rung"); exit 4;
