// SPDX-License-Identifier: Apache-2.0

package headerfield

// Owned are field names that only the server may set: one name with all of its
// spellings, or all names that begin alike. Two of them are equal (==) when they
// cover the same names.
type Owned struct {
	folded string
	prefix bool
}

// OwnedName covers the spellings of one name.
func OwnedName(name string) Owned { return Owned{folded: fold(name)} }

// OwnedPrefix covers all names that begin with a spelling of the prefix.
func OwnedPrefix(prefix string) Owned { return Owned{folded: fold(prefix), prefix: true} }

// Covers tells whether an application could take a field for one of these. Of
// most fields the first character tells that it could not.
func (o Owned) Covers(name string) bool {
	if len(name) < len(o.folded) || len(name) > len(o.folded) && !o.prefix {
		return false
	}
	for i := range len(o.folded) {
		if foldByte(name[i]) != o.folded[i] {
			return false
		}
	}
	return true
}

// IsOwned tells whether any of these covers a field.
func IsOwned(owned []Owned, name string) bool {
	for _, o := range owned {
		if o.Covers(name) {
			return true
		}
	}
	return false
}

// fold gives what is the same for all spellings of a field name that an
// application may take for each other.
func fold(name string) string {
	folded := []byte(name)
	for i, c := range folded {
		folded[i] = foldByte(c)
	}
	return string(folded)
}

// foldByte makes one of the cases, and of everything that is neither a letter
// nor a digit. RFC 3875, section 4.1.18, has CGI write dashes as underscores;
// some of its heirs do so with dots, and some with every other character.
func foldByte(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	case 'A' <= c && c <= 'Z':
		return c | 0x20
	default:
		return '-'
	}
}
