# Turns `nm -n` of the first link into the symbol table of the second: nm -n synos.stage1.elf | awk -f ksyms.awk > ksyms.S
# Layout: see struct ksyms in kernel/arch/x86_64/ksym.c. Only functions count; addresses are used as text, never as numbers,
# since awk's numbers have 53 bits. Where two names share an address the first wins (nm sorts them by name).
BEGIN { count = 0 }

/^ffffffff[0-9a-f]* [tTwW] / {
    if ($1 == last || $3 !~ /^[A-Za-z_][A-Za-z0-9_.$]*$/ || $3 ~ /^(text_start|text_end)$/) next
    last = $1
    address[count] = $1
    name[count++] = $3
}

END {
    print "    .section .ksyms, \"a\""
    print "    .balign 8"
    printf "    .long %d\n", count
    at = 0
    for (i = 0; i < count; i++) {
        printf "    .long 0x%s - 0xffffffff80000000, %d\n", address[i], at
        at += length(name[i]) + 1
    }
    for (i = 0; i < count; i++)
        printf "    .asciz \"%s\"\n", name[i]
    print "    .section .note.GNU-stack, \"\", @progbits"
}
