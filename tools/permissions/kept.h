// SPDX-License-Identifier: MIT
// What is kept between runs, shown to the person: decisions and the record. Each gives an exit status.
#pragma once

[[nodiscard]] int kept_list(void);
[[nodiscard]] int kept_revoke(const char *number);
[[nodiscard]] int kept_record(bool json);
[[nodiscard]] int kept_verify(void);
