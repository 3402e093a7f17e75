// SPDX-License-Identifier: MIT
// The one list of permissions. Everything that knows a name has it from here: the policy service, the
// runner, `./kozo permissions`, its page in docs/reference, completion, and the tests.
//
// A name is `area.object.verb` or `area.verb`, with a scope after a colon where the list has one. What
// stands in front of the verb is the object at its service that the badge of a capability tells; the
// verb is the right to it.
//
//     PERMISSION(identifier, name, scope, risk, service, phrase, any)
//
// `phrase` completes "Allow PROGRAM to …". In it, % stands for the scope; where none was given, `any`
// is said instead, and an empty `any` means that there must be one. A risk of TOTAL is equal to control
// over everything that the person has: who may do that can give itself the rest.
#pragma once

// The verbs, and the rights that they are: a write may always read what it changes.
#define POLICY_VERBS(VERB)                                                                         \
    VERB(READ, "read", POLICY_READ)                                                                \
    VERB(WRITE, "write", POLICY_READ | POLICY_WRITE)                                               \
    VERB(VIEW, "view", POLICY_READ)                                                                \
    VERB(USE, "use", POLICY_READ | POLICY_WRITE)                                                   \
    VERB(RECORD, "record", POLICY_READ)                                                            \
    VERB(CONNECT, "connect", POLICY_READ | POLICY_WRITE)                                           \
    VERB(LISTEN, "listen", POLICY_READ | POLICY_WRITE)                                             \
    VERB(CONTROL, "control", POLICY_WRITE)                                                         \
    VERB(CONFIGURE, "configure", POLICY_READ | POLICY_WRITE)

// The services that stand behind the names: name, and whether KOZO has it. A name whose service is
// not there is refused, and says so. SELF is what policyd, or the runner in its place, tells a program about itself.
#define POLICY_SERVICES(SERVICE)                                                                   \
    SERVICE(FILES, "fsd", true)                                                                    \
    SERVICE(PICKER, "picker", true)                                                                \
    SERVICE(MOUNTER, "mounter", false)                                                             \
    SERVICE(NETWORK, "netd", false)                                                                \
    SERVICE(DEVICES, "devmgr", false)                                                              \
    SERVICE(MEDIA, "mediad", false)                                                                \
    SERVICE(SCREEN, "screend", false)                                                              \
    SERVICE(INIT, "init", false)                                                                   \
    SERVICE(POLICY, "policyd", false)                                                              \
    SERVICE(SELF, "policyd", true)                                                                 \
    SERVICE(PACKAGES, "packaged", false)

// clang-format off
#define POLICY_PERMISSIONS(PERMISSION)                                                             \
    PERMISSION(FILES_SYSTEM_READ, "files.system.read", NONE, LOW, FILES,                           \
               "read the public files of programs (/usr, /bin, /lib, part of /etc)", "")           \
    PERMISSION(FILES_FOLDER_READ, "files.folder.read", NONE, MEDIUM, FILES,                        \
               "read the files in the folder where it was started", "")                            \
    PERMISSION(FILES_FOLDER_WRITE, "files.folder.write", NONE, HIGH, FILES,                        \
               "read, change and remove files in the folder where it was started", "")             \
    PERMISSION(FILES_DOCUMENTS_READ, "files.documents.read", NONE, MEDIUM, FILES,                  \
               "read the files in your Documents folder", "")                                      \
    PERMISSION(FILES_DOCUMENTS_WRITE, "files.documents.write", NONE, HIGH, FILES,                  \
               "read, change and remove files in your Documents folder", "")                       \
    PERMISSION(FILES_DOWNLOADS_READ, "files.downloads.read", NONE, MEDIUM, FILES,                  \
               "read the files in your Downloads folder", "")                                      \
    PERMISSION(FILES_DOWNLOADS_WRITE, "files.downloads.write", NONE, MEDIUM, FILES,                \
               "read, change and remove files in your Downloads folder", "")                       \
    PERMISSION(FILES_HOME_READ, "files.home.read", NONE, HIGH, FILES,                              \
               "read all files in your Home folder, keys included", "")                            \
    PERMISSION(FILES_HOME_WRITE, "files.home.write", NONE, TOTAL, FILES,                           \
               "read, change and remove all files in your Home folder", "")                        \
    PERMISSION(FILES_PATH_READ, "files.path.read", PATH, MEDIUM, FILES,                            \
               "read %", "")                                                                       \
    PERMISSION(FILES_PATH_WRITE, "files.path.write", PATH, HIGH, FILES,                            \
               "read, change and remove %", "")                                                    \
    PERMISSION(FILES_PICK_READ, "files.pick.read", NONE, LOW, PICKER,                              \
               "read one file, which you choose then", "")                                         \
    PERMISSION(FILES_PICK_WRITE, "files.pick.write", NONE, MEDIUM, PICKER,                         \
               "read and change one file, which you choose then", "")                              \
    PERMISSION(FILES_REMOVABLE_READ, "files.removable.read", NONE, MEDIUM, MOUNTER,                 \
               "read USB sticks, memory cards and discs", "")                                      \
    PERMISSION(FILES_REMOVABLE_WRITE, "files.removable.write", NONE, HIGH, MOUNTER,                 \
               "read, change and remove files on USB sticks and memory cards", "")                 \
    PERMISSION(FILES_ALL_READ, "files.all.read", NONE, HIGH, FILES,                                \
               "read every file that you can read", "")                                            \
    PERMISSION(FILES_ALL_WRITE, "files.all.write", NONE, TOTAL, FILES,                             \
               "read, change and remove every file that you can", "")                              \
    PERMISSION(DISKS_READ, "disks.read", NONE, HIGH, DEVICES,                                      \
               "read whole disks, past all permissions of files", "")                              \
    PERMISSION(DISKS_WRITE, "disks.write", NONE, TOTAL, DEVICES,                                   \
               "change whole disks, past all permissions of files", "")                            \
    PERMISSION(NETWORK_VIEW, "network.view", NONE, LOW, NETWORK,                                   \
               "see whether and how this machine is connected", "")                                \
    PERMISSION(NETWORK_CONNECT, "network.connect", HOST, HIGH, NETWORK,                            \
               "connect to %", "any computer of the network and the internet")                     \
    PERMISSION(NETWORK_LISTEN, "network.listen", PORT, MEDIUM, NETWORK,                            \
               "accept connections at port %", "numbers of its own choice")                        \
    PERMISSION(NETWORK_CONFIGURE, "network.configure", NONE, HIGH, NETWORK,                        \
               "change how this machine is connected", "")                                         \
    PERMISSION(NETWORK_TRAFFIC_RECORD, "network.traffic.record", NONE, HIGH, NETWORK,              \
               "watch what all programs send and receive", "")                                     \
    PERMISSION(WIFI_VIEW, "wifi.view", NONE, MEDIUM, NETWORK,                                      \
               "see wireless networks nearby, which tells where you are", "")                      \
    PERMISSION(WIFI_CONFIGURE, "wifi.configure", NONE, HIGH, NETWORK,                              \
               "join and leave wireless networks", "")                                             \
    PERMISSION(BLUETOOTH_USE, "bluetooth.use", DEVICE, MEDIUM, NETWORK,                            \
               "talk over Bluetooth to %", "all devices nearby")                                   \
    PERMISSION(BLUETOOTH_CONFIGURE, "bluetooth.configure", NONE, HIGH, NETWORK,                    \
               "pair and forget Bluetooth devices", "")                                            \
    PERMISSION(CAMERA_USE, "camera.use", NONE, HIGH, MEDIA,                                        \
               "see through the camera", "")                                                       \
    PERMISSION(MICROPHONE_RECORD, "microphone.record", NONE, HIGH, MEDIA,                          \
               "listen through the microphone", "")                                                \
    PERMISSION(SPEAKERS_USE, "speakers.use", NONE, LOW, MEDIA,                                     \
               "play sound", "")                                                                   \
    PERMISSION(LOCATION_READ, "location.read", NONE, HIGH, MEDIA,                                  \
               "know where you are", "")                                                           \
    PERMISSION(SCREEN_USE, "screen.use", NONE, LOW, SCREEN,                                        \
               "show windows", "")                                                                 \
    PERMISSION(SCREEN_RECORD, "screen.record", NONE, HIGH, SCREEN,                                 \
               "see the whole screen, with the windows of other programs", "")                     \
    PERMISSION(CLIPBOARD_READ, "clipboard.read", NONE, MEDIUM, SCREEN,                             \
               "read what you copied in other programs", "")                                       \
    PERMISSION(CLIPBOARD_CONTROL, "clipboard.control", NONE, LOW, SCREEN,                            \
               "replace what is on the clipboard", "")                                             \
    PERMISSION(NOTIFICATIONS_USE, "notifications.use", NONE, LOW, SCREEN,                          \
               "show you notifications", "")                                                       \
    PERMISSION(KEYBOARD_RECORD, "keyboard.record", NONE, TOTAL, SCREEN,                            \
               "watch every key that you press, passwords included", "")                           \
    PERMISSION(INPUT_CONTROL, "input.control", NONE, TOTAL, SCREEN,                                \
               "press keys and move the pointer in your place", "")                                \
    PERMISSION(USB_USE, "usb.use", DEVICE, HIGH, DEVICES,                                          \
               "use %", "every USB device")                                                        \
    PERMISSION(PRINTERS_USE, "printers.use", NONE, LOW, DEVICES,                                   \
               "print", "")                                                                        \
    PERMISSION(POWER_CONTROL, "power.control", NONE, MEDIUM, INIT,                                 \
               "turn this machine off, restart it, or put it to sleep", "")                        \
    PERMISSION(CLOCK_CONFIGURE, "clock.configure", NONE, MEDIUM, INIT,                             \
               "set the date and the time", "")                                                    \
    PERMISSION(PROCESSES_VIEW, "processes.view", NONE, MEDIUM, INIT,                               \
               "see which programs run", "")                                                       \
    PERMISSION(PROCESSES_CONTROL, "processes.control", NONE, HIGH, INIT,                           \
               "stop and end other programs", "")                                                  \
    PERMISSION(PROCESSES_MEMORY_WRITE, "processes.memory.write", NONE, TOTAL, INIT,                \
               "read and change the memory of other programs", "")                                 \
    PERMISSION(SYSTEM_VIEW, "system.view", NONE, LOW, INIT,                                        \
               "see what this machine is made of", "")                                             \
    PERMISSION(SYSTEM_CONFIGURE, "system.configure", NONE, TOTAL, INIT,                            \
               "change settings of the whole system", "")                                          \
    PERMISSION(USERS_CONFIGURE, "users.configure", NONE, TOTAL, INIT,                              \
               "add and remove users, and change their passwords", "")                             \
    PERMISSION(PASSWORDS_READ, "passwords.read", NONE, HIGH, POLICY,                               \
               "read the passwords that are kept for you", "")                                     \
    PERMISSION(PERMISSIONS_VIEW, "permissions.view", NONE, LOW, SELF,                              \
               "see what it may do itself, and the record of that", "")                            \
    PERMISSION(PERMISSIONS_CONFIGURE, "permissions.configure", NONE, TOTAL, POLICY,                \
               "give permissions to programs, itself included", "")                                \
    PERMISSION(AUDIT_READ, "audit.read", NONE, MEDIUM, POLICY,                                     \
               "read the record of what programs did", "")                                         \
    PERMISSION(PACKAGES_CONFIGURE, "packages.configure", NONE, TOTAL, PACKAGES,                    \
               "install and remove programs", "")
// clang-format on
