// SPDX-License-Identifier: MIT
// What is kept between runs, shown to the person: decisions and the record. Each gives an exit status.
#pragma once

[[nodiscard]] int kept_list(void);
[[nodiscard]] int kept_revoke(const char *number);
[[nodiscard]] int kept_record(bool json);

// Shows the record and then each line as it is added, until this program is ended. It ends by itself, and says why, when what
// was shown is there no longer, or a line does not follow from those before it.
[[nodiscard]] int kept_follow(bool json);
[[nodiscard]] int kept_verify(void);
