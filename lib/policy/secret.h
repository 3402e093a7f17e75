// SPDX-License-Identifier: MIT
// Files that hold secrets: keys, keyrings, browser profiles, passwords in settings. --learn refuses
// to read them, and what it proposes never includes one that is not commented out.
#pragma once

// What kind of secret the file with this absolute path is, in words ("a key"), or null.
[[nodiscard]] const char *policy_secret(const char *path);
