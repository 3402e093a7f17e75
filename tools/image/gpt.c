// SPDX-License-Identifier: MIT
// The partition table; see gpt.h. Section numbers are those of the UEFI specification 2.10.
#include "gpt.h"
#include "little_endian.h"

#include <string.h>

constexpr size_t ENTRY_SIZE = 128;
constexpr size_t ENTRY_COUNT = 128;
constexpr size_t HEADER_SIZE = 92;

static const uint8_t signature[8] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};

// Section 5.2.3: one record of type 0xee that covers the disk.
constexpr size_t MBR_RECORD = 446;
constexpr size_t MBR_SIGNATURE = 510;

// GUIDs are stored with their first three groups in little-endian order (appendix A): the position
// in the text, in bytes, of each byte on the disk.
static const uint8_t guid_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

uint32_t crc32(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return ~crc;
}

static uint8_t digit_value(char digit, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *place = digit != '\0' ? strchr(digits, digit) : nullptr;
    if (place == nullptr) {
        fail("not a GUID: %s", text);
    }
    return (uint8_t)(place - digits);
}

struct guid guid_parse(const char *text)
{
    uint8_t value[16];
    const char *next = text;
    for (size_t i = 0; i < 16; i++) {
        bool after_group = i == 4 || i == 6 || i == 8 || i == 10;
        if (after_group && *next++ != '-') {
            fail("not a GUID: %s", text);
        }
        uint8_t high = digit_value(*next++, text);
        uint8_t low = digit_value(*next++, text);
        value[i] = (uint8_t)(high << 4 | low);
    }
    if (*next != '\0') {
        fail("not a GUID: %s", text);
    }

    struct guid guid;
    for (size_t i = 0; i < 16; i++) {
        guid.byte[i] = value[guid_order[i]];
    }
    return guid;
}

static void write_protective_mbr(uint8_t *sector, uint64_t sectors)
{
    uint8_t *record = sector + MBR_RECORD;
    uint64_t covered = sectors - 1 < UINT32_MAX ? sectors - 1 : UINT32_MAX;
    memset(sector + MBR_RECORD, 0, MBR_SIGNATURE - MBR_RECORD);
    record[2] = 0x02; // first sector as cylinder 0, head 0, sector 2
    record[4] = 0xee; // type
    record[5] = 0xff; // last sector: beyond what cylinders can express
    record[6] = 0xff;
    record[7] = 0xff;
    store_32(record + 8, 1);
    store_32(record + 12, (uint32_t)covered);
    sector[MBR_SIGNATURE] = 0x55;
    sector[MBR_SIGNATURE + 1] = 0xaa;
}

static void write_entry(uint8_t *entry, const struct partition *partition)
{
    memcpy(entry, partition->type.byte, 16);
    memcpy(entry + 16, partition->identity.byte, 16);
    store_64(entry + 32, partition->first);
    store_64(entry + 40, partition->first + partition->count - 1);
    for (size_t i = 0; partition->name[i] != '\0' && i < 35; i++) {
        store_16(entry + 56 + 2 * i, (uint8_t)partition->name[i]);
    }
}

static void write_header(uint8_t *header, struct guid identity, uint64_t own, uint64_t other,
                         uint64_t entries, uint64_t sectors, uint32_t entries_crc)
{
    memcpy(header, signature, sizeof(signature));
    store_32(header + 8, 0x00010000); // revision 1.0
    store_32(header + 12, HEADER_SIZE);
    store_64(header + 24, own);
    store_64(header + 32, other);
    store_64(header + 40, GPT_SECTORS_FIRST);
    store_64(header + 48, sectors - GPT_SECTORS_LAST - 1);
    memcpy(header + 56, identity.byte, 16);
    store_64(header + 72, entries);
    store_32(header + 80, ENTRY_COUNT);
    store_32(header + 84, ENTRY_SIZE);
    store_32(header + 88, entries_crc);
    store_32(header + 16, crc32(header, HEADER_SIZE)); // computed with this field as zero
}

void gpt_write(struct bytes disk, struct guid identity, const struct partition *partitions,
               size_t count)
{
    uint64_t sectors = disk.size / SECTOR_SIZE;
    uint64_t last = sectors - 1;
    uint64_t entries_last = sectors - GPT_SECTORS_LAST;
    uint8_t *entries = disk.data + 2 * SECTOR_SIZE;

    for (size_t i = 0; i < count; i++) {
        write_entry(entries + i * ENTRY_SIZE, &partitions[i]);
    }
    memcpy(disk.data + entries_last * SECTOR_SIZE, entries, ENTRY_COUNT * ENTRY_SIZE);

    uint32_t crc = crc32(entries, ENTRY_COUNT * ENTRY_SIZE);
    write_header(disk.data + SECTOR_SIZE, identity, 1, last, 2, sectors, crc);
    write_header(disk.data + last * SECTOR_SIZE, identity, last, 1, entries_last, sectors, crc);
    write_protective_mbr(disk.data, sectors);
}
