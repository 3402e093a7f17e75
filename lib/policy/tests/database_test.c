// SPDX-License-Identifier: MIT
#include "database.h"

#include <string.h>

#include "test.h"

constexpr uint64_t NOW = 1'764'452'385;

static struct policy_database database;

// A journal in memory, with room that a test may take away.
static struct journal {
    char text[65'536];
    size_t length;
    size_t room;
} journal;

static bool store(void *context, const char *line, size_t length)
{
    struct journal *to = context;
    if (length > to->room - to->length) {
        return false;
    }
    memcpy(to->text + to->length, line, length);
    to->length += length;
    return true;
}

static void begin(void)
{
    journal.length = 0;
    journal.room = sizeof journal.text;
    CHECK(policy_database_begin(&database, store, &journal));
}

static struct policy_rule rule_about(const char *name, bool allow, enum policy_until until)
{
    struct policy_rule rule = {
        .allow = allow, .until = until, .made = NOW, .boot = 3, .program = "busybox"};
    rule.permission = policy_parse(name, strlen(name)).permission;
    rule.limit = until == POLICY_UNTIL_TIME ? NOW + 600 : until == POLICY_UNTIL_CLOSE ? 12 : 0;
    return rule;
}

static uint64_t add(const char *name, bool allow, enum policy_until until)
{
    struct policy_rule rule = rule_about(name, allow, until);
    CHECK(policy_database_add(&database, &rule));
    return rule.id;
}

static struct policy_read read_first(size_t bytes)
{
    static char copy[sizeof journal.text];
    memcpy(copy, journal.text, bytes);
    return policy_database_read(&database, copy, bytes, store, &journal);
}

static bool same_rules(const struct policy_rule *one, const struct policy_rule *other)
{
    return one->id == other->id && one->limit == other->limit && one->made == other->made &&
           one->used == other->used && one->boot == other->boot && one->allow == other->allow &&
           one->until == other->until && one->giver == other->giver &&
           strcmp(one->program, other->program) == 0 &&
           memcmp(&one->permission, &other->permission, sizeof one->permission) == 0;
}

static bool is_equal(const struct policy_database *one, const struct policy_database *other)
{
    bool same =
        one->count == other->count && one->next == other->next &&
        memcmp(&one->journal.digest, &other->journal.digest, sizeof one->journal.digest) == 0;
    for (size_t i = 0; same && i < one->count; i++) {
        same = same_rules(&one->rule[i], &other->rule[i]);
    }
    return same;
}

TEST("what was decided is there again after reading the text")
{
    static struct policy_database before;
    begin();
    (void)add("files.path.read:/etc/passwd", true, POLICY_UNTIL_CLOSE);
    (void)add("files.path.read:/a b%20#c", false, POLICY_UNTIL_ALWAYS);
    (void)add("camera.use", true, POLICY_UNTIL_TIME);
    uint64_t id = add("clipboard.read", true, POLICY_UNTIL_RESTART);
    CHECK(policy_database_use(&database, id, NOW + 5));
    before = database;
    CHECK(read_first(journal.length).result == POLICY_READ_WHOLE);
    CHECK(is_equal(&before, &database));
}

TEST("the text can be read by a person")
{
    begin();
    (void)add("files.path.read:/etc/passwd", true, POLICY_UNTIL_CLOSE);
    journal.text[journal.length] = '\0';
    CHECK(strstr(journal.text, "\nallow 1 busybox files.path.read:/etc/passwd until=close:12 "
                               "by=person at=1764452385 boot=3 #") != nullptr);
}

TEST("a text that was cut at any byte holds what was decided by its last whole line")
{
    static struct policy_database after[16];
    static size_t ends[16];
    size_t lines = 0;
    begin();
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"camera.use", "files.path.read:/x", "clipboard.read"};
        ends[lines] = journal.length;
        after[lines++] = database;
        (void)add(names[i], i != 1, POLICY_UNTIL_ALWAYS);
    }
    ends[lines] = journal.length;
    after[lines++] = database;
    CHECK(policy_database_use(&database, 1, NOW));
    ends[lines] = journal.length;
    after[lines++] = database;
    CHECK(policy_database_end(&database, 3, POLICY_END_REVOKED, NOW));
    ends[lines] = journal.length;
    after[lines++] = database;
    for (size_t cut = ends[0]; cut <= journal.length; cut++) {
        size_t line = lines;
        while (ends[line - 1] > cut) {
            line--;
        }
        struct policy_read read = read_first(cut);
        CHECK(read.result == (cut == ends[line - 1] ? POLICY_READ_WHOLE : POLICY_READ_CUT));
        CHECK(read.length == ends[line - 1]);
        CHECK(is_equal(&database, &after[line - 1]));
    }
}

TEST("a text that was cut and goes on after its good part is whole again")
{
    begin();
    (void)add("camera.use", true, POLICY_UNTIL_ALWAYS);
    struct policy_read read = read_first(journal.length - 7);
    journal.length = read.length;
    (void)add("clipboard.read", true, POLICY_UNTIL_ALWAYS);
    CHECK(read_first(journal.length).result == POLICY_READ_WHOLE);
    CHECK(database.count == 1 && database.rule[0].permission.id == POLICY_CLIPBOARD_READ);
}

TEST("a byte that was changed anywhere is noticed, and then nothing is allowed")
{
    begin();
    (void)add("camera.use", false, POLICY_UNTIL_ALWAYS);
    (void)add("clipboard.read", true, POLICY_UNTIL_ALWAYS);
    for (size_t i = 0; i < journal.length; i++) {
        journal.text[i] ^= 1;
        struct policy_read read = read_first(journal.length);
        journal.text[i] ^= 1;
        CHECK(read.result != POLICY_READ_WHOLE);
        for (size_t j = 0; read.result == POLICY_READ_DAMAGED && j < database.count; j++) {
            CHECK(!database.rule[j].allow);
        }
    }
}

TEST("a line that was taken out of the middle is noticed, and its line is told")
{
    begin();
    (void)add("camera.use", false, POLICY_UNTIL_ALWAYS);
    size_t first = journal.length;
    (void)add("clipboard.read", false, POLICY_UNTIL_ALWAYS);
    size_t second = journal.length;
    (void)add("speakers.use", true, POLICY_UNTIL_ALWAYS);
    memmove(journal.text + first, journal.text + second, journal.length - second);
    struct policy_read read = read_first(journal.length - (second - first));
    CHECK(read.result == POLICY_READ_DAMAGED && read.line == 3);
    CHECK(database.count == 1 && !database.rule[0].allow);
}

TEST("an empty text is no database, and neither is one of another kind")
{
    CHECK(policy_database_read(&database, "", 0, store, &journal).length == 0);
    CHECK(database.count == 0);
    CHECK(policy_database_read(&database, "hello\n", 6, store, &journal).result ==
          POLICY_READ_DAMAGED);
}

TEST("what can't be stored does not take effect")
{
    begin();
    (void)add("clipboard.read", true, POLICY_UNTIL_ONCE);
    journal.room = journal.length;
    struct policy_rule rule = rule_about("camera.use", true, POLICY_UNTIL_ALWAYS);
    CHECK(!policy_database_add(&database, &rule));
    CHECK(database.count == 1);
    CHECK(!policy_database_use(&database, 1, NOW));
    CHECK(database.count == 1 && database.rule[0].used == 0);
}

TEST("a rule that is taken back does not hold even when that can't be stored, which is told")
{
    begin();
    (void)add("camera.use", true, POLICY_UNTIL_ALWAYS);
    journal.room = journal.length;
    CHECK(!policy_database_end(&database, 1, POLICY_END_REVOKED, NOW));
    CHECK(database.count == 0);
}

TEST("a new decision about the same replaces the old one in the same line")
{
    begin();
    (void)add("camera.use", false, POLICY_UNTIL_ALWAYS);
    size_t before = journal.length;
    CHECK(add("camera.use", true, POLICY_UNTIL_ONCE) == 2);
    CHECK(database.count == 1 && database.rule[0].allow);
    CHECK(memchr(journal.text + before, '\n', journal.length - before) ==
          journal.text + journal.length - 1);
    struct policy_rule other = rule_about("camera.use", true, POLICY_UNTIL_ALWAYS);
    memcpy(other.program, "editor", 7);
    CHECK(policy_database_add(&database, &other));
    CHECK(database.count == 2);
}

TEST("one use ends a rule for one use, and no other")
{
    begin();
    uint64_t once = add("camera.use", true, POLICY_UNTIL_ONCE);
    uint64_t always = add("clipboard.read", true, POLICY_UNTIL_ALWAYS);
    CHECK(policy_database_use(&database, once, NOW));
    CHECK(policy_database_use(&database, always, NOW));
    CHECK(policy_database_find(&database, once) == nullptr);
    CHECK(policy_database_find(&database, always)->used == NOW);
    CHECK(!policy_database_use(&database, once, NOW));
}

TEST("rules end by time, by the end of the program, by a restart, and unused ones after 90 days")
{
    begin();
    uint64_t timed = add("camera.use", true, POLICY_UNTIL_TIME);
    uint64_t closes = add("clipboard.read", true, POLICY_UNTIL_CLOSE);
    uint64_t restart = add("speakers.use", true, POLICY_UNTIL_RESTART);
    uint64_t always = add("printers.use", true, POLICY_UNTIL_ALWAYS);
    uint64_t never = add("location.read", false, POLICY_UNTIL_ALWAYS);
    CHECK(policy_database_expire(&database, NOW + 599, 3, 3) == 0);
    CHECK(policy_database_expire(&database, NOW + 600, 3, 3) == 1);
    CHECK(policy_database_find(&database, timed) == nullptr);
    CHECK(policy_database_closed(&database, 11, NOW) == 0);
    CHECK(policy_database_closed(&database, 12, NOW) == 1);
    CHECK(policy_database_find(&database, closes) == nullptr);
    CHECK(policy_database_expire(&database, NOW + 600, 4, 4) == 1);
    CHECK(policy_database_find(&database, restart) == nullptr);
    CHECK(policy_database_use(&database, always, NOW + 1000));
    CHECK(policy_database_expire(&database, NOW + POLICY_LAPSE + 999, 4, 4) == 0);
    CHECK(policy_database_expire(&database, NOW + POLICY_LAPSE + 1000, 4, 4) == 1);
    CHECK(policy_database_find(&database, always) == nullptr);
    CHECK(policy_database_find(&database, never) != nullptr);
}

TEST("a clock that is set back ends what was for a time")
{
    begin();
    (void)add("camera.use", true, POLICY_UNTIL_TIME);
    CHECK(policy_database_expire(&database, NOW - 1, 3, 3) == 1);
}

TEST("a full database refuses one more, and takes it when one has ended")
{
    begin();
    struct policy_rule rule = rule_about("network.listen", true, POLICY_UNTIL_ALWAYS);
    for (size_t i = 0; i < POLICY_RULES; i++) {
        struct policy_text port = policy_text(rule.permission.scope, sizeof rule.permission.scope);
        policy_add(&port, "%lu", i + 1);
        CHECK(policy_database_add(&database, &rule));
    }
    rule = rule_about("camera.use", true, POLICY_UNTIL_ALWAYS);
    CHECK(!policy_database_add(&database, &rule));
    CHECK(policy_database_end(&database, 7, POLICY_END_REVOKED, NOW));
    CHECK(policy_database_add(&database, &rule));
    CHECK(read_first(journal.length).result == POLICY_READ_WHOLE);
    CHECK(database.count == POLICY_RULES);
}

TEST("a name of a program that could be taken for something else is refused")
{
    begin();
    static const char *const bad[] = {"", "a b", "../x", ".x", "-x", "a/b", "a\n", "a#", "a="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct policy_rule rule = rule_about("camera.use", true, POLICY_UNTIL_ALWAYS);
        memset(rule.program, 0, sizeof rule.program);
        memcpy(rule.program, bad[i], strlen(bad[i]));
        CHECK(!policy_database_add(&database, &rule));
    }
    CHECK(policy_is_program("python3.11", 10));
    CHECK(!policy_is_program("a23456789012345678901234567890123456789012345678", 48));
}

TEST("compacting keeps every rule, and the new text can be read")
{
    static struct policy_database before;
    begin();
    (void)add("camera.use", true, POLICY_UNTIL_ALWAYS);
    (void)add("clipboard.read", true, POLICY_UNTIL_ALWAYS);
    CHECK(policy_database_use(&database, 2, NOW + 9));
    CHECK(policy_database_end(&database, 1, POLICY_END_REVOKED, NOW));
    before = database;
    journal.length = 0;
    CHECK(policy_database_compact(&database, store, &journal));
    CHECK(database.count == 1 && database.next == before.next);
    CHECK(read_first(journal.length).result == POLICY_READ_WHOLE);
    CHECK(same_rules(&database.rule[0], &before.rule[0]));
}
