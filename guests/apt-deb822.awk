# deb822 apt sources in, one-line apt sources out: only enabled binary entries of the suites wanted.
BEGIN {
    RS = ""; FS = "\n"
    n = split(suites, wanted, " "); for (i = 1; i <= n; i++) want[wanted[i]] = 1
}
{
    delete value
    key = ""
    for (i = 1; i <= NF; i++) {
        if ($i ~ /^#/) continue
        if ($i ~ /^[ \t]/) { value[key] = value[key] " " $i; continue }
        colon = index($i, ":")
        if (colon == 0) continue
        key = tolower(substr($i, 1, colon - 1))
        value[key] = substr($i, colon + 1)
    }
    if ((" " value["types"] " ") !~ / deb /) next
    if (tolower(value["enabled"]) ~ /no|false/) next
    if ((" " value["components"] " ") !~ / main /) next
    signed = value["signed-by"]
    gsub(/^[ \t]+|[ \t]+$/, "", signed)
    # A key written into the file itself cannot be given on one line; the archive keyring is apt's default then.
    option = signed ~ /^\// ? "[signed-by=" signed "] " : ""
    uris = split(value["uris"], uri, /[ \t]+/)
    count = split(value["suites"], suite, /[ \t]+/)
    for (u = 1; u <= uris; u++)
        for (s = 1; s <= count; s++)
            if (uri[u] != "" && suite[s] in want) print "deb " option uri[u] " " suite[s] " main"
}
