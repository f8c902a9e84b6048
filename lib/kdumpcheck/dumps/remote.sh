# Reads a file in ranges; nothing is written. Where makedumpfile is, perl is (makedumpfile-R.pl): then one process does
# what sh does with one for each piece.
# shellcheck shell=sh disable=SC2154
# (file, the path, is set by the caller.)
set -uf
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

# Two of these, before and after, are the same when nobody wrote meanwhile.
stamp() {
    stat -c '%s %i %Y %Z' "$file" 2>/dev/null || echo gone
}

# A FIFO or a device would be waited for.
usable() {
    if [ -L "$file" ]; then echo link
    elif [ ! -e "$file" ]; then echo absent
    elif [ ! -f "$file" ]; then echo special
    elif [ ! -r "$file" ]; then echo unreadable
    else return 0; fi
    exit 0
}

head_of() {
    stamp
    dd if="$file" bs="$1" count=1 2>/dev/null
}

# Blocks of 4096 bytes, "first count" a line on standard input.
blocks() {
    if [ "$perl" = yes ]; then
        perl -e '
            open(my $f, "<:raw", $ARGV[0]) or exit 1;
            while (<STDIN>) {
                my ($first, $count) = split;
                sysseek($f, $first * 4096, 0);
                my ($left, $data) = ($count * 4096, "");
                while ($left > 0) {
                    my $got = sysread($f, $data, $left);
                    last unless $got;
                    print $data;
                    $left -= $got;
                }
            }' "$file"
        return
    fi
    while read -r first count; do
        dd if="$file" bs=4096 skip="$first" count="$count" 2>/dev/null </dev/null
    done
}

# Some dd count blocks alone: then each byte is one.
bytes_of() {
    dd if="$file" bs="$2" count=1 skip="$1" iflag=skip_bytes 2>/dev/null ||
        dd if="$file" bs=1 count="$2" skip="$1" 2>/dev/null
}

# The headers of the pieces of a flattened file from "$1" on, one a line in hexadecimal with the count of the piece's
# own bytes that follow: all of a piece of at most "$4" bytes, else none. Ends after "$2" bytes or "$3" pieces.
walk() {
    if [ "$perl" = yes ]; then
        perl -e '
            my ($file, $place, $room, $most, $large) = @ARGV;
            open(my $f, "<:raw", $file) or exit 1;
            while ($room > 0 && $most-- > 0) {
                sysseek($f, $place, 0);
                my $got = sysread($f, my $head, 16);
                last unless defined $got && $got == 16;
                my ($start, $size) = unpack("q>q>", $head);
                my $small = $size > 0 && $size <= $large ? $size : 0;
                my $data = "";
                sysread($f, $data, $small) if $small;
                print unpack("H*", $head), " ", length($data), "\n", $data;
                last if $start < 0 || $size <= 0;
                $place += 16 + $size;
                $room -= 40 + length($data);
            }' "$file" "$1" "$2" "$3" "$4"
        return
    fi
    place=$1 room=$2 most=$3 large=$4
    [ "$most" -le 2000 ] || most=2000
    while [ "$room" -gt 0 ] && [ "$most" -gt 0 ]; do
        # shellcheck disable=SC2046
        set -- $(od -An -v -tx1 -j "$place" -N 16 "$file" 2>/dev/null)
        [ "$#" -eq 16 ] || return 0
        head=$1$2$3$4$5$6$7$8$9; shift 9; head=$head$1$2$3$4$5$6$7
        size=${head#????????????????}
        case $head in
            [89a-f]* | ????????????????[89a-f]* | ????????????????0000000000000000) echo "$head 0"; return 0 ;;
        esac
        size=$((0x$size)) small=0
        [ "$size" -gt "$large" ] || small=$size
        [ $((place + 16 + small)) -le "$end" ] || small=0
        echo "$head $small"
        [ "$small" -eq 0 ] || bytes_of "$((place + 16))" "$small"
        place=$((place + 16 + size)) room=$((room - 40 - small)) most=$((most - 1))
    done
}

perl=no
perl -e 'exit(pack("q>", 1) eq "\0\0\0\0\0\0\0\1" ? 0 : 1)' 2>/dev/null && perl=yes
usable
