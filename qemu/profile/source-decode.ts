// How a block of the guest ends, from the bytes of its last instruction (Intel SDM, volume 2, appendix A). The mode of the CPU is not told
// to plugins: what depends on it follows from the length, which is.

export const decodeSource = `
enum kind { PLAIN, JUMP_ANYWHERE, CALL, CALL_ANYWHERE, RETURN, FAR_RETURN, INTERRUPT, INTERRUPT_RETURN };

static const uint64_t NOWHERE = ~(uint64_t)1;

struct block {
    uint64_t address, last, next; /* of its first and its last instruction, and behind it */
    uint64_t to[2];               /* where it may lead, if it is PLAIN */
    uint64_t target;              /* of a CALL */
    uint64_t function, sum;
    struct block *chain;
    uint16_t count;
    uint8_t kind;
    bool starts; /* a function */
    uint64_t at[];
};

static bool is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3 || (byte & 0xe7) == 0x26 || (byte & 0xfe) == 0x64;
}

/* The opcode's place. 0x40 to 0x4f are prefixes of 64-bit code, and whole instructions elsewhere. */
static size_t opcode_of(const uint8_t *code, size_t bytes)
{
    size_t at = 0;

    while (at + 1 < bytes && is_prefix(code[at])) at++;
    if (at + 1 < bytes && (code[at] & 0xf0) == 0x40) at++;
    return at;
}

static uint64_t relative(uint64_t next, const uint8_t *at, size_t bytes)
{
    int16_t word;
    int32_t wide;

    if (bytes == 1) return next + (uint64_t)(int64_t)(int8_t)*at;
    if (bytes == 2) return memcpy(&word, at, 2), next + (uint64_t)(int64_t)word;
    return memcpy(&wide, at, 4), next + (uint64_t)(int64_t)wide;
}

static void decode_long(struct block *block, const uint8_t *code, size_t bytes)
{
    switch (code[0]) {
    case 0x80 ... 0x8f: block->to[1] = relative(block->next, code + 1, bytes - 1 < 4 ? 2 : 4); break;
    case 0x0b: case 0xb9: case 0xff: /* undefined on purpose */
    case 0x05: case 0x34: block->kind = INTERRUPT; break;
    case 0x07: case 0x35: case 0xaa: block->kind = INTERRUPT_RETURN; break;
    }
}

static void decode(struct block *block, const uint8_t *code, size_t bytes)
{
    const size_t opcode = opcode_of(code, bytes), left = bytes - opcode - 1;
    const uint8_t *more = code + opcode + 1, group = left > 0 ? (*more >> 3) & 7 : 0;
    bool repeats = false;

    for (size_t i = 0; i < opcode; i++) repeats |= code[i] == 0xf2 || code[i] == 0xf3;
    block->kind = PLAIN;
    block->to[0] = block->to[1] = block->next;
    switch (code[opcode]) {
    case 0x0f: if (left > 0) decode_long(block, more, left); break;
    case 0x70 ... 0x7f: case 0xe0 ... 0xe3: block->to[1] = relative(block->next, more, 1); break;
    case 0x6c ... 0x6f: case 0xa4 ... 0xa7: case 0xaa ... 0xaf: if (repeats) block->to[1] = block->last; break;
    case 0xeb: block->to[0] = block->to[1] = relative(block->next, more, 1); break;
    case 0xe9: block->to[0] = block->to[1] = relative(block->next, more, left < 4 ? 2 : 4); break;
    case 0xe8: block->kind = CALL; block->target = relative(block->next, more, left < 4 ? 2 : 4); break;
    case 0x9a: block->kind = CALL_ANYWHERE; break;
    case 0xea: block->kind = JUMP_ANYWHERE; break;
    case 0xc2: case 0xc3: block->kind = RETURN; break;
    case 0xca: case 0xcb: block->kind = FAR_RETURN; break;
    case 0xcc: case 0xcd: case 0xce: case 0xf1: block->kind = INTERRUPT; break;
    case 0xcf: block->kind = INTERRUPT_RETURN; break;
    case 0xff:
        if (group == 2 || group == 3) block->kind = CALL_ANYWHERE;
        if (group == 4 || group == 5) block->kind = JUMP_ANYWHERE;
        break;
    }
    if (block->kind != PLAIN) block->to[0] = block->to[1] = NOWHERE;
}

/* A new stack pointer, but for the one that a frame pointer gives back: mov, xchg and pop to RSP. */
static bool switches_stack(const uint8_t *code, size_t bytes)
{
    const size_t at = opcode_of(code, bytes), left = bytes - at - 1;
    const uint8_t rex = at > 0 && (code[at - 1] & 0xf0) == 0x40 ? code[at - 1] : 0, mod = left > 0 ? code[at + 1] : 0;

    if (code[at] == 0x5c) return left == 0 && !(rex & 1);
    if (left == 0) return false;
    if (code[at] == 0x8b) return (mod & 0x38) == 0x20 && !(rex & 4) && !(mod >= 0xc0 && (mod & 7) == 5 && !(rex & 1));
    if (code[at] == 0x89) return mod >= 0xc0 && (mod & 7) == 4 && !(rex & 1) && !((mod & 0x38) == 0x28 && !(rex & 4));
    if (code[at] == 0x87) return ((mod & 0x38) == 0x20 && !(rex & 4)) || (mod >= 0xc0 && (mod & 7) == 4 && !(rex & 1));
    return false;
}
`;
