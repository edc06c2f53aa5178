# SPDX-License-Identifier: MIT
"""Ways to spoil a dump, each with words that the oracle must then complain with. A rule that cannot fail is no rule."""
P, W, U, PS, G, NX = 1, 2, 4, 0x80, 0x100, 1 << 63
ADDRESS = 0x000ffffffffff000
FRAME, PTE = 1, 2


class Spoiler:
    def __init__(self, oracle):
        self.oracle, self.layout = oracle, oracle.layout
        self.tables = oracle.page_tables()

    def leaf(self, image, level=1, wanted=lambda entry, kind: True):
        """The first leaf of plain memory (or what is wanted) that a table of this level maps."""
        for pfn, table_level in self.tables:
            if table_level != level:
                continue
            for index, entry in enumerate(image.entries(pfn)):
                if entry & P and (level == 1 or entry & PS) and wanted(entry, image.type((entry & ADDRESS) >> 12)):
                    return pfn, index, entry
        raise LookupError("no such leaf in this dump")

    def link(self, image, level, wanted=lambda entry: True):
        for pfn, table_level in self.tables:
            if table_level == level:
                for index, entry in enumerate(image.entries(pfn)[:255 if level == 4 else 512]):
                    if entry & P and not entry & PS and wanted(entry):
                        return pfn, index, entry
        raise LookupError("no such link in this dump")

    def point_leaf(self, image, kind, flags=W):
        target = self.oracle.types.index(self.layout[kind])
        pfn, index, entry = self.leaf(image)
        image.put_entry(pfn, index, entry & ~(ADDRESS | W) | target << 12 | flags)

    def change_leaf(self, image, change, level=1, kind="FT_USER"):
        pfn, index, entry = self.leaf(image, level, lambda e, k: k == self.layout[kind])
        image.put_entry(pfn, index, change(entry))

    def root(self):
        return next(pfn for pfn, level in self.tables if level == 4)

    def change_root(self, image, index, change):
        image.put_entry(self.root(), index, change(image.entries(self.root())[index]))

    def cap(self, wanted):
        return next((at, cap) for at, cap in self.oracle.caps.items() if wanted(cap))

    def child(self):
        return self.cap(lambda c: c["depth"] > 1 and c["type"] == FRAME and c["count"] > 1)

    def change_cap(self, image, field, change, wanted=None):
        at, cap = self.cap(wanted) if wanted else self.child()
        image.put("cap", at, field, change(cap[field]))

    def add(self, image, structure, at, field, by=1):
        image.put(structure, at, field, image.field(structure, at, field) + by)

    def mapped(self, image):
        return (self.leaf(image)[2] & ADDRESS) >> 12

    def retype(self, image, old, new):
        image.memory[image.type_table + self.oracle.types.index(self.layout[old])] = self.layout[new]

    def second_writable(self, image):
        """The writable link of a table that has one gets a twin."""
        pfn, index, entry = self.link(image, 2, lambda e: e & W)
        image.put_entry(pfn, image.entries(pfn).index(0), entry)

    def drop_holding(self, image):
        """The only capability over a mapped frame disappears: all of the table's FRAME capabilities shrink to one frame elsewhere."""
        owner = image.frame(self.leaf(image)[0], "owner")
        for at, cap in self.oracle.caps.items():
            if cap["type"] == FRAME and cap["table"] == owner:
                image.put("cap", at, "rights", 0)


def spoils(s):
    """(name, what to do to the copy, words of a complaint)"""
    layout = s.layout
    return [
        ("a page table is mapped writable", lambda i: s.point_leaf(i, "FT_PT1"), "reaches frame"),
        ("a page table is mapped read-only", lambda i: s.point_leaf(i, "FT_PT2", 0), "maps frame"),
        ("the capability table is mapped", lambda i: s.point_leaf(i, "FT_TABLE"), "reaches frame"),
        ("an environment is mapped", lambda i: s.point_leaf(i, "FT_ENV"), "reaches frame"),
        ("a vCPU is mapped", lambda i: s.point_leaf(i, "FT_VCPU", 0), "maps frame"),
        ("a kernel frame is mapped", lambda i: s.point_leaf(i, "FT_KERNEL"), "reaches frame"),
        ("an information page is writable", lambda i: s.change_leaf(i, lambda e: e | W, kind="FT_INFO"), "maps frame"),
        ("a device is executable", lambda i: s.change_leaf(i, lambda e: e & ~NX, kind="FT_MMIO"), "maps frame"),
        ("a page is global", lambda i: s.change_leaf(i, lambda e: e | G), "user or global"),
        ("a page has PS", lambda i: s.change_leaf(i, lambda e: e | PS), "bit 7"),
        ("a large page is not aligned", lambda i: s.change_leaf(i, lambda e: e + 0x1000, 2), "not aligned"),
        ("a mapping goes uncounted", lambda i: s.change_leaf(i, lambda e: 0), "references, but"),
        ("an absent entry keeps an address", lambda i: s.change_leaf(i, lambda e: e & ~P), "absent, but"),
        ("a link to a table of the wrong level", lambda i: s.retype(i, "FT_PT1", "FT_PT2"), "no table of level"),
        ("a second writable parent", s.second_writable, "writable of"),
        ("the self-map is writable", lambda i: s.change_root(i, 255, lambda e: e | W), "its self-map"),
        ("the self-map shows another table", lambda i: s.change_root(i, 255, lambda e: e + 0x1000), "its self-map"),
        ("the kernel's half is open to ring 3", lambda i: s.change_root(i, 256, lambda e: e | U), "not the kernel's"),
        ("the kernel's half is changed", lambda i: s.change_root(i, 300, lambda e: e | 0x5003), "not the kernel's"),
        ("refs are off", lambda i: s.add(i, "frame", i.frame_at(s.mapped(i)), "refs"), "references, but"),
        ("special is off", lambda i: s.add(i, "chunk", i.chunk_at(1), "special"), "special is"),
        ("large is off", lambda i: s.add(i, "chunk", i.chunk_at(2), "large"), "large is"),
        ("wlink is off", lambda i: i.put("frame", i.frame_at((s.link(i, 2, lambda e: e & W)[2] & ADDRESS) >> 12), "wlink", 0), "writable of"),
        ("pinned is off", lambda i: i.put("frame", i.frame_at(s.mapped(i)), "pinned", 1), "pinned does not agree"),
        ("a page table's owner is another", lambda i: i.put("frame", i.frame_at(s.leaf(i)[0]), "owner", 0x999), "its owner"),
        ("a page table is called plain", lambda i: s.retype(i, "FT_PT3", "FT_USER"), "of its object has type"),
        ("plain memory is called a vCPU", lambda i: s.retype(i, "FT_USER", "FT_VCPU"), "object capabilities"),
        ("a kernel frame is called plain", lambda i: i.memory.__setitem__(
            i.type_table + i.physical(i.symbols["kernel_start"]) // 4096, layout["FT_USER"]), "of the kernel's image"),
        ("a mapping without a capability", s.drop_holding, "covered by no capability"),
        ("rights grow", lambda i: s.change_cap(i, "rights", lambda r: 0x1ff), "rights"),
        ("a range grows", lambda i: s.change_cap(i, "count", lambda n: n + (1 << 30)), "range leaves"),
        ("a range moves", lambda i: s.change_cap(i, "base", lambda b: 0), "range leaves"),
        ("a depth is off", lambda i: s.change_cap(i, "depth", lambda d: d + 1), "depth"),
        ("preorder is broken", lambda i: s.change_cap(i, "next", lambda n: 0), "lead back"),
        ("a link of the list leads astray", lambda i: s.change_cap(i, "next", lambda n: n + 8), "lead back"),
        ("a parent is another", lambda i: s.change_cap(i, "parent", lambda n: 0), "no parent"),
        ("a capability is in the wrong table", lambda i: s.change_cap(i, "table", lambda n: n + 1), "says that it is in"),
        ("an object without capability", lambda i: s.change_cap(i, "flags", lambda f: 0, lambda c: c["type"] == PTE and c["depth"] > 1),
         "object capabilities"),
    ]
