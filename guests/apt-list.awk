# One-line apt sources in, one-line apt sources out: only binary entries of the suites wanted.
BEGIN { n = split(suites, wanted, " "); for (i = 1; i <= n; i++) want[wanted[i]] = 1 }
$1 == "deb" {
    sub(/[ \t]*#.*/, "")
    line = $0
    options = ""
    if (match(line, /\[[^]]*\]/)) {
        options = substr(line, RSTART, RLENGTH)
        line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
    }
    count = split(line, field, /[ \t]+/)
    main = 0
    for (i = 4; i <= count; i++) if (field[i] == "main") main = 1
    if (!main || !(field[3] in want)) next
    print "deb " (options == "" ? "" : options " ") field[2] " " field[3] " main"
}
