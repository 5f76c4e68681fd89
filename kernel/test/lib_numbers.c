/* Tests of the CRC and of the random numbers, against values from their specifications. */
#include <synos/crc32.h>
#include <synos/ktest.h>
#include <synos/rng.h>

KTEST(lib_crc32, known_texts_have_their_known_sums)
{
    /* "check" of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms; the others from zlib. */
    KTEST_EQUAL(test, crc32_update(0, "123456789", 9), 0xcbf43926);
    KTEST_EQUAL(test, crc32_update(0, "", 0), 0);
    KTEST_EQUAL(test, crc32_update(0, "\0\0\0\0", 4), 0x2144df1c);
    KTEST_EQUAL(test, crc32_update(0, "\xff\xff\xff\xff", 4), 0xffffffff);
}

KTEST(lib_crc32, pieces_give_the_sum_of_the_whole)
{
    const char data[] = "0 126 {\"kind\":\"hello\"}";
    const uint32_t whole = crc32_update(0, data, sizeof(data));

    for (size_t cut = 0; cut <= sizeof(data); cut++)
        KTEST_EQUAL(test, crc32_update(crc32_update(0, data, cut), data + cut, sizeof(data) - cut), whole);
}

KTEST(lib_crc32, every_single_bit_matters)
{
    unsigned char data[16] = {0};
    const uint32_t before = crc32_update(0, data, sizeof(data));

    for (unsigned bit = 0; bit < 8 * sizeof(data); bit++) {
        data[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        KTEST_TRUE(test, crc32_update(0, data, sizeof(data)) != before);
        data[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
}

KTEST(lib_rng, a_seed_gives_the_published_numbers)
{
    struct rng rng;

    /* First outputs of SplitMix64 for seed 1234567, as published with the reference implementation's ports.
     */
    rng_seed(&rng, 1234567);
    KTEST_EQUAL(test, rng_next(&rng), 6457827717110365317ull);
    KTEST_EQUAL(test, rng_next(&rng), 3203168211198807973ull);
    KTEST_EQUAL(test, rng_next(&rng), 9817491932198370423ull);
}

KTEST(lib_rng, numbers_below_a_limit_stay_below_and_reach_all)
{
    struct rng rng;
    uint32_t seen = 0;

    rng_seed(&rng, 7);
    for (int i = 0; i < 2000; i++) {
        const uint32_t number = rng_below(&rng, 13);

        KTEST_TRUE(test, number < 13);
        seen |= 1u << number;
    }
    KTEST_EQUAL(test, seen, (1u << 13) - 1);
    KTEST_EQUAL(test, rng_below(&rng, 1), 0);
}
