#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The oracle: judges a dump of physical memory by rules of its own. It walks every page table and every capability by itself,
recounts what the kernel counts, and complains of each thing that must not be. It shares no code with the kernel; only where
the fields lie is taken from its headers (layout.c)."""
from collections import Counter

P, W, U, PWT, PCD, PS, G, NX = 1, 2, 4, 8, 16, 0x80, 0x100, 1 << 63
ADDRESS = 0x000ffffffffff000
SELF_SLOT = 255
FRAME, PTE, SLICE, IRQ, PORT, ENV, VCPU, TABLE = range(1, 9)
READ, WRITE, EXEC = 1, 2, 4


class Oracle:
    def __init__(self, image):
        self.image, self.layout = image, image.layout
        self.complaints = []
        self.counts = Counter()
        self.refs, self.large, self.writable_links = Counter(), Counter(), Counter()
        self.types = [image.type(pfn) for pfn in range(image.frame_count)]
        self.tables, self.caps = {}, {}

    def complain(self, text):
        self.complaints.append(text)

    def check(self):
        self.find_tables()
        self.read_caps()
        for step in (self.check_tree, self.check_page_tables, self.check_environments, self.check_frames, self.check_roots,
                     self.check_kernel):
            try:
                step()
            except ValueError as error:  # a pointer that leads nowhere
                self.complain(f"{step.__name__}: {error}")
        return self.complaints

    # ---- capabilities

    def find_tables(self):
        """The heads: a table's other frames follow its first."""
        pfn = 0
        while pfn < len(self.types):
            if self.types[pfn] != self.layout["FT_TABLE"]:
                pfn += 1
                continue
            head = {f: self.image.field("table", pfn * 4096, f) for f in ("pfn", "frames", "slots", "envs", "ending")}
            if head["pfn"] != pfn or not 0 < head["frames"] <= 1024 or head["slots"] != head["frames"] * 64:
                self.complain(f"table at frame {pfn:#x}: bad head {head}")
                pfn += 1
                continue
            for i in range(pfn, pfn + head["frames"]):
                if self.types[i] != self.layout["FT_TABLE"]:
                    self.complain(f"table at frame {pfn:#x}: frame {i:#x} of it has type {self.types[i]}")
            self.tables[pfn] = head
            pfn += head["frames"]
        self.counts["tables"] = len(self.tables)

    def read_caps(self):
        size = self.layout["cap"]["size"]
        for pfn, head in self.tables.items():
            for slot in range(self.layout["EXO_TABLE_HEAD"], head["slots"]):
                at = pfn * 4096 + slot * size
                cap = {f: self.image.field("cap", at, f) for f in self.layout["cap"] if f != "size"}
                if cap["table"] != pfn:
                    self.complain(f"slot {slot} of table {pfn:#x} says that it is in table {cap['table']:#x}")
                if cap["type"]:
                    cap["name"] = f"capability {slot} of table {pfn:#x}"
                    self.caps[at] = cap
        self.counts["capabilities"] = len(self.caps)

    def pointed(self, pointer):
        return self.caps.get(self.image.physical(pointer)) if pointer else None

    def check_tree(self):
        for at, cap in self.caps.items():
            self.check_links(at, cap)
            parent = self.pointed(cap["parent"])
            if parent:
                self.check_child(cap, parent)
            elif cap["parent"] or cap["depth"]:
                self.complain(f"{cap['name']}: no parent, but depth {cap['depth']}")
            self.counts["depth"] = max(self.counts["depth"], cap["depth"])
        self.check_preorder()

    def check_links(self, at, cap):
        for there, back in (("next", "prev"), ("prev", "next")):
            other = self.pointed(cap[there])
            if cap[there] and (not other or self.image.physical(other[back]) != at):
                self.complain(f"{cap['name']}: {there} does not lead back")

    def check_child(self, cap, parent):
        if cap["depth"] != parent["depth"] + 1:
            self.complain(f"{cap['name']}: depth {cap['depth']} under {parent['depth']}")
        if cap["flags"] & self.layout["CAP_OBJECT"] or cap["type"] != parent["type"]:
            first, count = self.object_frames(cap)
            if parent["type"] != FRAME or first < parent["base"] or first + count > parent["base"] + parent["count"]:
                self.complain(f"{cap['name']}: an object outside of the frames that it was made of")
            return
        if cap["base"] < parent["base"] or cap["base"] + cap["count"] > parent["base"] + parent["count"] or not cap["count"]:
            self.complain(f"{cap['name']}: its range leaves its parent's")
        if cap["rights"] & ~parent["rights"]:
            self.complain(f"{cap['name']}: rights {cap['rights']:#x} under {parent['rights']:#x}")

    def object_frames(self, cap):
        per_unit = {PTE: 512, VCPU: 64}.get(cap["type"], 1)
        pfn = cap["base"] // per_unit
        structure = {ENV: "env", TABLE: "table"}.get(cap["type"])
        return pfn, self.image.field(structure, pfn * 4096, "frames") if structure else 1

    def check_preorder(self):
        seen = 0
        for at, cap in self.caps.items():
            if cap["depth"]:
                continue
            path, here, previous = [at], cap, 0
            seen += 1
            for _ in range(len(self.caps)):
                if not here["next"]:
                    break
                at, here = self.image.physical(here["next"]), self.pointed(here["next"])
                if not here or not 0 < here["depth"] <= previous + 1:
                    self.complain(f"preorder broken after {path}" if not here else f"{here['name']}: out of preorder")
                    break
                previous = here["depth"]
                path[previous:] = [at]
                if self.image.physical(here["parent"]) != path[previous - 1]:
                    self.complain(f"{here['name']}: its parent is not the one before it in preorder")
                seen += 1
        if seen != len(self.caps):
            self.complain(f"{len(self.caps)} capabilities, but {seen} in the trees")

    # ---- page tables

    def page_tables(self):
        low, high = self.layout["FT_PT1"], self.layout["FT_PT4"]
        return [(pfn, t - low + 1) for pfn, t in enumerate(self.types) if low <= t <= high]

    def check_page_tables(self):
        self.holdings = {}
        for cap in self.caps.values():
            if cap["type"] == FRAME:
                self.holdings.setdefault(cap["table"], []).append((cap["base"], cap["base"] + cap["count"], cap["rights"]))
        objects = {(c["table"], c["base"] // 512) for c in self.caps.values()
                   if c["type"] == PTE and c["flags"] & self.layout["CAP_OBJECT"]}
        for pfn, level in self.page_tables():
            self.counts[f"level {level}"] += 1
            owner = self.image.frame(pfn, "owner")
            if (owner, pfn) not in objects:
                self.complain(f"page table {pfn:#x}: its owner {owner:#x} holds no capability for it")
            for index, entry in enumerate(self.image.entries(pfn)[:SELF_SLOT if level == 4 else 512]):
                if entry & P:
                    self.check_entry(f"entry {index} of level-{level} table {pfn:#x}", owner, level, entry)
                elif entry & ADDRESS:
                    self.complain(f"entry {index} of table {pfn:#x}: absent, but with an address")

    def check_entry(self, name, owner, level, entry):
        pfn = (entry & ADDRESS) >> 12
        if not entry & U or entry & G:
            self.complain(f"{name}: user or global bit wrong in {entry:#x}")
        if level > 1 and not entry & PS:
            self.check_link(name, owner, level, entry, pfn)
        elif level > 2:
            self.complain(f"{name}: a large page at level {level}")
        else:
            self.check_leaf(name, owner, entry, pfn, 512 if level == 2 else 1)

    def check_link(self, name, owner, level, entry, pfn):
        self.counts["links"] += 1
        self.refs[pfn] += 1
        self.writable_links[pfn] += bool(entry & W)
        if pfn >= len(self.types) or self.types[pfn] != self.layout["FT_PT1"] + level - 2:
            self.complain(f"{name}: links to frame {pfn:#x}, which is no table of level {level - 1}")
        elif self.image.frame(pfn, "owner") != owner:
            self.complain(f"{name}: links to another table's page table {pfn:#x}")

    def check_leaf(self, name, owner, entry, pfn, count):
        self.counts["large pages" if count > 1 else "pages"] += 1
        if count > 1:
            self.large[pfn // 512] += 1
            if pfn % 512:
                self.complain(f"{name}: a large page that is not aligned")
        else:
            self.refs[pfn] += 1
        if entry & PS and count == 1:
            self.complain(f"{name}: bit 7 set")
        for i in range(pfn, pfn + count):
            self.check_target(name, entry, i, count)
        rights = READ | (WRITE if entry & W else 0) | (0 if entry & NX else EXEC)
        if not any(b <= pfn and pfn + count <= e and not rights & ~r for b, e, r in self.holdings.get(owner, ())):
            self.complain(f"{name}: frame {pfn:#x} is covered by no capability of table {owner:#x} with rights {rights}")

    def check_target(self, name, entry, pfn, count):
        kind = self.image.type(pfn)
        if kind == self.layout["FT_USER"]:
            fine = not entry & (PWT | PCD)
        elif kind == self.layout["FT_INFO"]:
            fine = not entry & W and count == 1
        elif kind == self.layout["FT_MMIO"]:
            fine = entry & NX and entry & PWT and entry & PCD and count == 1
        else:
            fine = False
        if not fine:
            self.complain(f"{name}: {entry:#x} maps frame {pfn:#x} of type {kind}")

    # ---- environments and vCPUs

    def check_environments(self):
        pinned = {}
        for pfn, head in self.tables.items():
            env = head["envs"]
            while env:
                self.counts["environments"] += 1
                if self.types[env] != self.layout["FT_ENV"] or self.image.field("env", env * 4096, "table") != pfn:
                    self.complain(f"environment {env:#x} in the list of table {pfn:#x} is not of it")
                    break
                self.check_environment(env, pfn, pinned)
                env = self.image.field("env", env * 4096, "next")
        for pfn in range(len(self.types)):
            if self.image.frame(pfn, "pinned") != (pfn in pinned) or (pfn in pinned and self.image.frame(pfn, "owner") != pinned[pfn]):
                self.complain(f"frame {pfn:#x}: pinned does not agree with the vCPUs")

    def check_environment(self, env, table, pinned):
        root = self.image.field("env", env * 4096, "root")
        if root and self.image.frame(root, "root_id") != self.image.field("env", env * 4096, "root_id"):
            self.counts["environments without their root"] += 1  # it was taken, and the frame may have become another
        elif root and self.types[root] == self.layout["FT_PT4"]:
            self.refs[root] += 1
            if self.image.frame(root, "owner") != table:
                self.complain(f"environment {env:#x}: its root {root:#x} belongs to another table")
        vcpu = self.image.field("env", env * 4096, "vcpus")
        while vcpu:
            self.counts["vCPUs"] += 1
            if self.types[vcpu] != self.layout["FT_VCPU"] or self.image.field("vcpu", vcpu * 4096, "env") != env:
                self.complain(f"vCPU {vcpu:#x} in the list of environment {env:#x} is not of it")
                break
            page = self.image.field("vcpu", vcpu * 4096, "page")
            if page:
                pinned[self.image.physical(page) // 4096] = vcpu
                if self.types[self.image.physical(page) // 4096] != self.layout["FT_USER"]:
                    self.complain(f"vCPU {vcpu:#x}: its page is not plain memory")
            vcpu = self.image.field("vcpu", vcpu * 4096, "next")

    # ---- the frame table

    def check_frames(self):
        for pfn, kind in enumerate(self.types):
            refs = self.image.frame(pfn, "refs")
            if refs != self.refs[pfn]:
                self.complain(f"frame {pfn:#x} of type {kind}: {refs} references, but {self.refs[pfn]} counted")
            wlink = self.image.frame(pfn, "wlink")
            if self.layout["FT_PT1"] <= kind <= self.layout["FT_PT4"]:
                if bool(wlink) != bool(self.writable_links[pfn]) or (self.writable_links[pfn] and self.refs[pfn] > 1):
                    self.complain(f"page table {pfn:#x}: {self.writable_links[pfn]} writable of {refs} links, noted {wlink}")
            self.counts[f"type {kind}"] += 1
        for index in range(len(self.types) // 512):
            special = sum(t != self.layout["FT_USER"] for t in self.types[index * 512:index * 512 + 512])
            for field, counted in (("special", special), ("large", self.large[index])):
                told = self.image.field("chunk", self.image.chunk_at(index), field)
                if told != counted:
                    self.complain(f"chunk {index}: {field} is {told}, but {counted} counted")
            if special and self.large[index]:
                self.complain(f"chunk {index}: a large page over {special} frames that are not plain")
        self.check_objects()

    def check_objects(self):
        """Each frame of an object belongs to exactly one object capability."""
        owners = Counter()
        expected = {PTE: range(self.layout["FT_PT1"], self.layout["FT_PT4"] + 1), ENV: [self.layout["FT_ENV"]],
                    VCPU: [self.layout["FT_VCPU"]], TABLE: [self.layout["FT_TABLE"]]}
        for cap in self.caps.values():
            if not cap["flags"] & self.layout["CAP_OBJECT"]:
                continue
            first, count = self.object_frames(cap)
            for pfn in range(first, first + count):
                owners[pfn] += 1
                if self.types[pfn] not in expected[cap["type"]]:
                    self.complain(f"{cap['name']}: frame {pfn:#x} of its object has type {self.types[pfn]}")
        first_table = min((c["table"] for c in self.caps.values() if c["type"] == TABLE and not c["flags"] & self.layout["CAP_OBJECT"]
                           and c["base"] == c["table"]), default=0)
        for pfn, kind in enumerate(self.types):
            in_first = first_table <= pfn < first_table + self.tables.get(first_table, {"frames": 0})["frames"]
            if kind >= self.layout["FT_PT1"] and owners[pfn] != 1 and not in_first:
                self.complain(f"frame {pfn:#x} of type {kind} has {owners[pfn]} object capabilities")

    # ---- whole address spaces

    def check_roots(self):
        kernel = self.image.entries(self.image.kernel_root // 4096)
        for pfn, level in self.page_tables():
            if level != 4:
                continue
            self.counts["roots"] += 1
            entries = self.image.entries(pfn)
            if entries[SELF_SLOT] & ~0x60 != pfn << 12 | P | U | NX:
                self.complain(f"root {pfn:#x}: its self-map is {entries[SELF_SLOT]:#x}")
            for i in range(256, 512):
                if (entries[i] ^ kernel[i]) & ~0x60 or entries[i] & U:
                    self.complain(f"root {pfn:#x}: entry {i} is not the kernel's")
            for i in range(SELF_SLOT):
                if entries[i] & P:
                    self.walk(pfn, entries[i], 3, bool(entries[i] & W), 0)

    def walk(self, root, entry, level, writable, depth):
        """What ring 3 reaches: independent of owners and counts, by effective rights only."""
        for e in self.image.entries((entry & ADDRESS) >> 12):
            if not e & P:
                continue
            w = writable and bool(e & W)
            if level > 1 and not e & PS:
                self.walk(root, e, level - 1, w, depth + 1)
                continue
            self.counts["pages reached"] += 1
            pfn = (e & ADDRESS) >> 12
            for i in range(pfn, pfn + (512 if level == 2 else 1)):
                kind = self.image.type(i)
                if kind not in (self.layout["FT_USER"], self.layout["FT_INFO"], self.layout["FT_MMIO"]):
                    self.complain(f"root {root:#x}: reaches frame {i:#x} of type {kind}" + (" writable" if w else ""))
                elif kind == self.layout["FT_INFO"] and w:
                    self.complain(f"root {root:#x}: reaches information page {i:#x} writable")

    def check_kernel(self):
        """The kernel's own half: no user bit, nothing writable and executable, and its frames are typed as its own."""
        start, end = (self.image.physical(self.image.symbols[s]) // 4096 for s in ("kernel_start", "kernel_end"))
        for pfn in range(start, end):
            if self.image.type(pfn) != self.layout["FT_KERNEL"]:
                self.complain(f"frame {pfn:#x} of the kernel's image has type {self.image.type(pfn)}")
        stack = [(self.image.kernel_root // 4096, 4, True, True)]
        while stack:
            pfn, level, writable, executable = stack.pop()
            self.counts["kernel tables"] += 1
            if self.image.type(pfn) != self.layout["FT_KERNEL"]:
                self.complain(f"kernel page table {pfn:#x} has type {self.image.type(pfn)}")
            for entry in self.image.entries(pfn):
                if not entry & P:
                    continue
                w, x = writable and bool(entry & W), executable and not entry & NX
                if entry & U:
                    self.complain(f"kernel table {pfn:#x}: entry {entry:#x} has the user bit")
                if level > 1 and not entry & PS:
                    stack.append(((entry & ADDRESS) >> 12, level - 1, w, x))
                elif w and x:
                    self.complain(f"kernel table {pfn:#x}: {entry:#x} is writable and executable")
