// Header, symbol table, names, section headers; the code itself stays where it is.
#include "runtime/gdb_object.h"

#include <elf.h>

#include <cstring>

namespace burin::runtime {

namespace {

constexpr char kSectionNames[] = "\0.text\0.symtab\0.strtab\0.shstrtab";
enum Section : uint16_t { none, text, symtab, strtab, shstrtab, count };

template <class T>
void put(std::vector<char>& out, size_t at, const T& value) {
  std::memcpy(out.data() + at, &value, sizeof(T));
}

Elf64_Ehdr make_header(uint64_t section_offset) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_shoff = section_offset;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = Section::count;
  header.e_shstrndx = Section::shstrtab;
  return header;
}

Elf64_Shdr make_section(uint32_t name, uint32_t type, uint64_t offset, uint64_t size) {
  Elf64_Shdr section{};
  section.sh_name = name;
  section.sh_type = type;
  section.sh_offset = offset;
  section.sh_size = size;
  section.sh_addralign = 1;
  return section;
}

}  // namespace

std::vector<char> make_symbol_object(std::span<const CodeSymbol> symbols, uint64_t begin,
                                     uint64_t size) {
  std::string names(1, '\0');
  std::vector<Elf64_Sym> table(1);
  for (const CodeSymbol& s : symbols) {
    Elf64_Sym entry{};
    entry.st_name = static_cast<Elf64_Word>(names.size());
    entry.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    entry.st_shndx = Section::text;
    entry.st_value = s.address - begin;
    entry.st_size = s.size;
    table.push_back(entry);
    names += s.name + '\0';
  }
  size_t symbols_at = sizeof(Elf64_Ehdr), symbol_bytes = table.size() * sizeof(Elf64_Sym);
  size_t names_at = symbols_at + symbol_bytes, sections_at = names_at + names.size();
  size_t headers_at = (sections_at + sizeof(kSectionNames) + 7) / 8 * 8;

  Elf64_Shdr sections[Section::count] = {};
  sections[text] = make_section(1, SHT_NOBITS, 0, size);
  sections[text].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  sections[text].sh_addr = begin;
  sections[text].sh_addralign = 64;
  sections[symtab] = make_section(7, SHT_SYMTAB, symbols_at, symbol_bytes);
  sections[symtab].sh_link = Section::strtab;
  sections[symtab].sh_info = 1;  // the first that is not local
  sections[symtab].sh_entsize = sizeof(Elf64_Sym);
  sections[symtab].sh_addralign = 8;
  sections[strtab] = make_section(15, SHT_STRTAB, names_at, names.size());
  sections[shstrtab] = make_section(23, SHT_STRTAB, sections_at, sizeof(kSectionNames));

  std::vector<char> out(headers_at + sizeof(sections));
  put(out, 0, make_header(headers_at));
  std::memcpy(out.data() + symbols_at, table.data(), symbol_bytes);
  std::memcpy(out.data() + names_at, names.data(), names.size());
  std::memcpy(out.data() + sections_at, kSectionNames, sizeof(kSectionNames));
  put(out, headers_at, sections);
  return out;
}

}  // namespace burin::runtime
