// SPDX-License-Identifier: Apache-2.0

package headerfield

import "strings"

// MaxValue bounds a field value in bytes, as it is sent. RFC 9110, section 5.4,
// knows no bound, and lets recipients have one.
const MaxValue = 4096

// EncodeValue gives a value that any field can carry, and that no two texts
// share: percent-encoding (RFC 3986, section 2.1) of the bytes of all that is not
// printable ASCII, of percent signs, and of a space at either end, where
// recipients drop it. Decoding it as a URI component gives the text.
//
// A value that is longer than MaxValue may have been cut off, and must not be
// sent.
func EncodeValue(text string) string {
	plain := 0
	for plain < len(text) && isPlain(text, plain) {
		plain++
	}
	if plain == len(text) {
		return text
	}
	const digits = "0123456789ABCDEF"
	var encoded strings.Builder
	encoded.WriteString(text[:plain])
	// Nothing is made of what could not be sent anyway.
	for n := plain; n < len(text) && encoded.Len() <= MaxValue; n++ {
		c := text[n]
		if isPlain(text, n) {
			encoded.WriteByte(c)
			continue
		}
		encoded.WriteByte('%')
		encoded.WriteByte(digits[c>>4])
		encoded.WriteByte(digits[c&0xF])
	}
	return encoded.String()
}

// isPlain tells whether a byte of a text stands for itself.
func isPlain(text string, n int) bool {
	c := text[n]
	if c == ' ' {
		return n > 0 && n < len(text)-1
	}
	return c > ' ' && c <= '~' && c != '%'
}
