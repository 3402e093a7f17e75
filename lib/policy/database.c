// SPDX-License-Identifier: MIT
// Each change is composed as a line, stored, and carried out by the very function that carries out the
// lines of a stored text: memory and text can't come apart.
#include "database.h"

#include <kozo/format.h>
#include <stdckdint.h>
#include <string.h>

constexpr size_t MARK = 16; // hexadecimal digits of the hash in each line
constexpr char HEAD[] = "kozo-policy 1";

static const char *const untils[] = {"once", "time", "close", "restart", "always"};
static const char *const givers[] = {"person", "command", "broker", "learning"};
static const char *const ends[] = {"revoked", "expired", "used", "closed", "restarted", "lapsed"};

// --- Words of a line ----------------------------------------------------------------------------

// What is left of a line.
struct words {
    const char *text;
    size_t length;
};

static struct words next_word(struct words *line)
{
    const char *space = line->length > 0 ? memchr(line->text, ' ', line->length) : nullptr;
    struct words word = {line->text,
                         space != nullptr ? (size_t)(space - line->text) : line->length};
    size_t taken = word.length + (space != nullptr ? 1 : 0);
    line->text += taken;
    line->length -= taken;
    return word;
}

// What stands behind "key=" in the next word; without that key, a word that is empty.
static struct words next_value(struct words *line, const char *key)
{
    struct words word = next_word(line);
    size_t length = strlen(key);
    if (word.length <= length || memcmp(word.text, key, length) != 0 || word.text[length] != '=') {
        return (struct words){word.text, 0};
    }
    return (struct words){word.text + length + 1, word.length - length - 1};
}

struct number {
    bool good;
    uint64_t value;
};

static struct number number_of(struct words word)
{
    struct number number = {.good = word.length > 0};
    for (size_t i = 0; i < word.length && number.good; i++) {
        number.good = word.text[i] >= '0' && word.text[i] <= '9' &&
                      !ckd_mul(&number.value, number.value, 10U) &&
                      !ckd_add(&number.value, number.value, (unsigned)(word.text[i] - '0'));
    }
    return number;
}

// The place of a word in a list, or the list's length.
static size_t place_of(struct words word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i]) == word.length && memcmp(list[i], word.text, word.length) == 0) {
            return i;
        }
    }
    return count;
}

static int digit_of(char character)
{
    return character >= '0' && character <= '9'   ? character - '0'
           : character >= 'a' && character <= 'f' ? character - 'a' + 10
                                                  : -1;
}

// A permission with its spaces and percent signs as %20 and %25.
static void add_permission(struct policy_text *line, const struct policy_permission *permission)
{
    char text[POLICY_NAME_SIZE];
    policy_write(text, sizeof text, permission);
    for (const char *at = text; *at != '\0'; at++) {
        bool plain = *at != ' ' && *at != '%' && *at != '#';
        policy_add(line, plain ? "%c" : "%%%02x", plain ? *at : (unsigned char)*at);
    }
}

static struct policy_parsed permission_of(struct words word)
{
    char text[POLICY_NAME_SIZE];
    size_t length = 0;
    for (size_t i = 0; i < word.length && length < sizeof text; i++) {
        bool room = i + 2 < word.length;
        int high = room ? digit_of(word.text[i + 1]) : -1;
        int low = room ? digit_of(word.text[i + 2]) : -1;
        if (word.text[i] == '%' && high >= 0 && low >= 0) {
            text[length++] = (char)(high * 16 + low);
            i += 2;
        } else {
            text[length++] = word.text[i];
        }
    }
    return policy_parse(text, length);
}

bool policy_is_program(const char *text, size_t length)
{
    if (length == 0 || length >= POLICY_PROGRAM_SIZE || text[0] == '.' || text[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && byte != '.' && byte != '_' && byte != '-' && byte != '+') {
            return false;
        }
    }
    return true;
}

// --- Rules in memory ----------------------------------------------------------------------------

static struct policy_rule *rule_with(struct policy_database *database, uint64_t id)
{
    for (size_t i = 0; i < database->count; i++) {
        if (database->rule[i].id == id) {
            return &database->rule[i];
        }
    }
    return nullptr;
}

const struct policy_rule *policy_database_find(const struct policy_database *database, uint64_t id)
{
    for (size_t i = 0; i < database->count; i++) {
        if (database->rule[i].id == id) {
            return &database->rule[i];
        }
    }
    return nullptr;
}

static void drop(struct policy_database *database, struct policy_rule *rule)
{
    size_t place = (size_t)(rule - database->rule);
    size_t behind = database->count - place - 1;
    memmove(rule, rule + 1, behind * sizeof *rule);
    database->count--;
}

// The rule of a program about exactly this permission, or null.
static struct policy_rule *same_rule(struct policy_database *database, const struct policy_rule *as)
{
    for (size_t i = 0; i < database->count; i++) {
        struct policy_rule *rule = &database->rule[i];
        if (strcmp(rule->program, as->program) == 0 &&
            memcmp(&rule->permission, &as->permission, sizeof as->permission) == 0) {
            return rule;
        }
    }
    return nullptr;
}

// --- Carrying out a line ------------------------------------------------------------------------

static bool read_until(struct policy_rule *rule, struct words value)
{
    const char *colon = value.length > 0 ? memchr(value.text, ':', value.length) : nullptr;
    size_t name = colon != nullptr ? (size_t)(colon - value.text) : value.length;
    size_t until =
        place_of((struct words){value.text, name}, untils, sizeof untils / sizeof untils[0]);
    rule->until = (enum policy_until)until;
    bool limited = until == POLICY_UNTIL_TIME || until == POLICY_UNTIL_CLOSE;
    if (until > POLICY_UNTIL_ALWAYS || limited != (colon != nullptr)) {
        return false;
    }
    if (!limited) {
        return true;
    }
    struct number limit = number_of((struct words){colon + 1, value.length - name - 1});
    rule->limit = limit.value;
    return limit.good;
}

static bool carry_out_rule(struct policy_database *database, struct words line, bool allow)
{
    struct number id = number_of(next_word(&line));
    struct words program = next_word(&line);
    struct policy_parsed parsed = permission_of(next_word(&line));
    struct policy_rule rule = {.id = id.value, .allow = allow, .permission = parsed.permission};
    bool good = read_until(&rule, next_value(&line, "until"));
    size_t giver = place_of(next_value(&line, "by"), givers, sizeof givers / sizeof givers[0]);
    struct number made = number_of(next_value(&line, "at"));
    struct number boot = number_of(next_value(&line, "boot"));
    if (!good || !id.good || id.value < database->next || giver > POLICY_BY_LEARNING ||
        !made.good || !boot.good || parsed.fault != POLICY_FAULT_NONE ||
        !policy_is_program(program.text, program.length) || line.length > 0) {
        return false;
    }
    rule.giver = (enum policy_giver)giver;
    rule.made = made.value;
    rule.boot = boot.value;
    memcpy(rule.program, program.text, program.length);
    struct policy_rule *old = same_rule(database, &rule);
    if (old != nullptr) {
        drop(database, old);
    }
    if (database->count == POLICY_RULES) {
        return false;
    }
    database->rule[database->count++] = rule;
    database->next = id.value + 1;
    return true;
}

static bool carry_out_use(struct policy_database *database, struct words line)
{
    struct number id = number_of(next_word(&line));
    struct number at = number_of(next_value(&line, "at"));
    struct policy_rule *rule = rule_with(database, id.value);
    if (!id.good || !at.good || rule == nullptr || line.length > 0) {
        return false;
    }
    rule->used = at.value;
    if (rule->until == POLICY_UNTIL_ONCE) {
        drop(database, rule);
    }
    return true;
}

static bool carry_out_end(struct policy_database *database, struct words line)
{
    struct number id = number_of(next_word(&line));
    size_t why = place_of(next_value(&line, "for"), ends, sizeof ends / sizeof ends[0]);
    struct number at = number_of(next_value(&line, "at"));
    struct policy_rule *rule = rule_with(database, id.value);
    if (!id.good || !at.good || why > POLICY_END_LAPSED || rule == nullptr || line.length > 0) {
        return false;
    }
    drop(database, rule);
    return true;
}

// Carries out a line without its hash.
static bool carry_out(struct policy_database *database, struct words line)
{
    struct words word = next_word(&line);
    static const char *const words[] = {"allow", "refuse", "use", "end"};
    switch (place_of(word, words, sizeof words / sizeof words[0])) {
    case 0:
        return carry_out_rule(database, line, true);
    case 1:
        return carry_out_rule(database, line, false);
    case 2:
        return carry_out_use(database, line);
    case 3:
        return carry_out_end(database, line);
    default:
        return false;
    }
}

// --- Lines and their hashes ---------------------------------------------------------------------

static struct kozo_digest digest_after(const struct kozo_digest *before, const char *line,
                                       size_t length)
{
    uint8_t both[sizeof before->bytes + POLICY_LINE_SIZE];
    memcpy(both, before->bytes, sizeof before->bytes);
    memcpy(both + sizeof before->bytes, line, length);
    return kozo_blake2s(both, sizeof before->bytes + length);
}

static void write_mark(char *mark, const struct kozo_digest *digest)
{
    for (size_t i = 0; i < MARK; i++) {
        uint8_t byte = digest->bytes[i / 2];
        mark[i] = "0123456789abcdef"[i % 2 == 0 ? byte >> 4 : byte & 15];
    }
}

// Stores a line, with its hash behind it.
static bool append(struct policy_journal *journal, struct policy_text *line)
{
    char mark[MARK + 1] = {};
    struct kozo_digest digest = digest_after(&journal->digest, line->buffer, line->length);
    write_mark(mark, &digest);
    policy_add(line, " #%s\n", mark);
    if (line->cut || !journal->store(journal->context, line->buffer, line->length)) {
        return false;
    }
    journal->digest = digest;
    return true;
}

// Stores a line and carries it out. What is to be carried out was composed from good parts.
static bool commit(struct policy_database *database, struct policy_text *line)
{
    size_t length = line->length;
    return append(&database->journal, line) &&
           carry_out(database, (struct words){line->buffer, length});
}

// Reads one line with its hash, but without its end.
static bool read_line(struct policy_database *database, struct words line, bool first)
{
    char mark[MARK];
    if (line.length < MARK + 2 || line.length >= POLICY_LINE_SIZE) {
        return false;
    }
    size_t length = line.length - MARK - 2;
    struct kozo_digest digest = digest_after(&database->journal.digest, line.text, length);
    write_mark(mark, &digest);
    if (memcmp(line.text + length, " #", 2) != 0 ||
        memcmp(line.text + length + 2, mark, MARK) != 0) {
        return false;
    }
    bool good = first ? length == strlen(HEAD) && memcmp(line.text, HEAD, length) == 0
                      : carry_out(database, (struct words){line.text, length});
    database->journal.digest = good ? digest : database->journal.digest;
    return good;
}

static void drop_allowed(struct policy_database *database)
{
    size_t kept = 0;
    for (size_t i = 0; i < database->count; i++) {
        if (!database->rule[i].allow) {
            database->rule[kept++] = database->rule[i];
        }
    }
    database->count = kept;
}

static void clear(struct policy_database *database, policy_store *store, void *context)
{
    database->count = 0;
    database->next = 1;
    database->journal = (struct policy_journal){.store = store, .context = context};
}

struct policy_read policy_database_read(struct policy_database *database, const char *text,
                                        size_t size, policy_store *store, void *context)
{
    struct policy_read read = {};
    clear(database, store, context);
    while (read.length < size) {
        const char *start = text + read.length;
        const char *end = memchr(start, '\n', size - read.length);
        size_t length = end != nullptr ? (size_t)(end - start) : 0;
        if (end == nullptr) {
            read.result = POLICY_READ_CUT;
            return read;
        }
        read.line++;
        if (!read_line(database, (struct words){start, length}, read.line == 1)) {
            read.result = POLICY_READ_DAMAGED;
            drop_allowed(database);
            return read;
        }
        read.length += length + 1;
    }
    return read;
}

// The head of a text says nothing about rules.
static bool append_head(struct policy_journal *journal)
{
    char buffer[POLICY_LINE_SIZE];
    struct policy_text line = policy_text(buffer, sizeof buffer);
    policy_add(&line, "%s", HEAD);
    return append(journal, &line);
}

bool policy_database_begin(struct policy_database *database, policy_store *store, void *context)
{
    clear(database, store, context);
    return append_head(&database->journal);
}

// --- Changes ------------------------------------------------------------------------------------

static void add_rule(struct policy_text *line, const struct policy_rule *rule)
{
    policy_add(line, "%s %lu %s ", rule->allow ? "allow" : "refuse", rule->id, rule->program);
    add_permission(line, &rule->permission);
    policy_add(line, " until=%s", untils[rule->until]);
    if (rule->until == POLICY_UNTIL_TIME || rule->until == POLICY_UNTIL_CLOSE) {
        policy_add(line, ":%lu", rule->limit);
    }
    policy_add(line, " by=%s at=%lu boot=%lu", givers[rule->giver], rule->made, rule->boot);
}

static bool commit_rule(struct policy_database *database, const struct policy_rule *rule)
{
    char buffer[POLICY_LINE_SIZE];
    struct policy_text line = policy_text(buffer, sizeof buffer);
    add_rule(&line, rule);
    return commit(database, &line);
}

bool policy_database_end(struct policy_database *database, uint64_t id, enum policy_end why,
                         uint64_t now)
{
    char buffer[POLICY_LINE_SIZE];
    struct policy_text line = policy_text(buffer, sizeof buffer);
    struct policy_rule *rule = rule_with(database, id);
    if (rule == nullptr) {
        return false;
    }
    policy_add(&line, "end %lu for=%s at=%lu", id, ends[why], now);
    if (commit(database, &line)) {
        return true;
    }
    drop(database, rule);
    return false;
}

bool policy_database_add(struct policy_database *database, struct policy_rule *rule)
{
    size_t length = strnlen(rule->program, sizeof rule->program);
    const struct policy_rule *old = same_rule(database, rule);
    if (!policy_is_program(rule->program, length) ||
        (database->count == POLICY_RULES && old == nullptr)) {
        return false;
    }
    rule->id = database->next;
    return commit_rule(database, rule);
}

static void add_use(struct policy_text *line, uint64_t id, uint64_t at)
{
    policy_add(line, "use %lu at=%lu", id, at);
}

bool policy_database_use(struct policy_database *database, uint64_t id, uint64_t now)
{
    char buffer[POLICY_LINE_SIZE];
    struct policy_text line = policy_text(buffer, sizeof buffer);
    if (rule_with(database, id) == nullptr) {
        return false;
    }
    add_use(&line, id, now);
    return commit(database, &line);
}

// Why a rule holds no longer; POLICY_END_REVOKED when it still does.
static enum policy_end ended(const struct policy_rule *rule, uint64_t now, uint64_t boot,
                             uint64_t restart)
{
    uint64_t active = rule->used > rule->made ? rule->used : rule->made;
    // A clock that was set back prolongs nothing.
    if (rule->until == POLICY_UNTIL_TIME && (now >= rule->limit || now < rule->made)) {
        return POLICY_END_EXPIRED;
    }
    if (rule->until != POLICY_UNTIL_TIME && rule->until != POLICY_UNTIL_ALWAYS &&
        rule->boot != (rule->until == POLICY_UNTIL_RESTART ? restart : boot)) {
        return POLICY_END_RESTARTED;
    }
    bool unused = rule->until == POLICY_UNTIL_ALWAYS && rule->allow && now >= active &&
                  now - active >= POLICY_LAPSE;
    return unused ? POLICY_END_LAPSED : POLICY_END_REVOKED;
}

size_t policy_database_expire(struct policy_database *database, uint64_t now, uint64_t boot,
                              uint64_t restart)
{
    size_t count = 0;
    for (size_t i = database->count; i > 0; i--) {
        enum policy_end why = ended(&database->rule[i - 1], now, boot, restart);
        if (why != POLICY_END_REVOKED) {
            (void)policy_database_end(database, database->rule[i - 1].id, why, now);
            count++;
        }
    }
    return count;
}

size_t policy_database_closed(struct policy_database *database, uint64_t instance, uint64_t now)
{
    size_t count = 0;
    for (size_t i = database->count; i > 0; i--) {
        const struct policy_rule *rule = &database->rule[i - 1];
        if (rule->until == POLICY_UNTIL_CLOSE && rule->limit == instance) {
            (void)policy_database_end(database, rule->id, POLICY_END_CLOSED, now);
            count++;
        }
    }
    return count;
}

// A rule as it is now, with its last use.
static bool append_rule(struct policy_journal *journal, const struct policy_rule *rule)
{
    char buffer[POLICY_LINE_SIZE];
    struct policy_text line = policy_text(buffer, sizeof buffer);
    add_rule(&line, rule);
    if (!append(journal, &line)) {
        return false;
    }
    line = policy_text(buffer, sizeof buffer);
    add_use(&line, rule->id, rule->used);
    return rule->used == 0 || append(journal, &line);
}

// The rules stay as they are, and so does the next number: those of rules that ended are not used again within a run of
// the system.
bool policy_database_compact(struct policy_database *database, policy_store *store, void *context)
{
    struct policy_journal fresh = {.store = store, .context = context};
    if (!append_head(&fresh)) {
        return false;
    }
    for (size_t i = 0; i < database->count; i++) {
        if (!append_rule(&fresh, &database->rule[i])) {
            return false;
        }
    }
    database->journal = fresh;
    return true;
}

// --- Words --------------------------------------------------------------------------------------

const char *policy_giver_text(enum policy_giver giver)
{
    static const char *const words[] = {"you", "the command that started it", "the broker",
                                        "a run with --learn"};
    return words[giver <= POLICY_BY_LEARNING ? giver : POLICY_BY_LEARNING];
}

const char *policy_end_text(enum policy_end why)
{
    static const char *const words[] = {
        "taken back",        "its time was over",        "it was used",
        "the program ended", "the system was restarted", "it was not used for 90 days"};
    return words[why <= POLICY_END_LAPSED ? why : POLICY_END_LAPSED];
}

const char *policy_until_words(enum policy_until until)
{
    static const char *const words[] = {"once", "for a time", "until it closes",
                                        "until the restart", "always"};
    return words[until];
}

void policy_add_until(struct policy_text *text, const struct policy_rule *rule, uint64_t now)
{
    if (rule->until != POLICY_UNTIL_TIME) {
        policy_add(text, "%s", policy_until_words(rule->until));
        return;
    }
    uint64_t left = rule->limit > now ? rule->limit - now : 0;
    uint64_t minutes = (left + 59) / 60;
    policy_add(text, "for %lu minute%s more", minutes, minutes == 1 ? "" : "s");
}
