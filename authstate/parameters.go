// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"slices"
	"strings"

	"github.com/nlnwa/whatwg-url/url"
)

// parameters is a query as a browser's URLSearchParams has it
// (https://url.spec.whatwg.org/#urlsearchparams). Package net/url cannot stand
// in: it refuses queries that browsers send, and sorts what it writes.
type parameters []parameter

type parameter struct{ name, value string }

// parseParameters reads application/x-www-form-urlencoded
// (https://url.spec.whatwg.org/#urlencoded-parsing). Every text is one.
func parseParameters(query string) parameters {
	var list parameters
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		list = append(list, parameter{formDecode(name), formDecode(value)})
	}
	return list
}

// get gives the first value of a name.
func (p parameters) get(name string) (value string, ok bool) {
	for _, parameter := range p {
		if parameter.name == name {
			return parameter.value, true
		}
	}
	return "", false
}

func (p parameters) without(names ...string) parameters {
	return slices.DeleteFunc(slices.Clone(p), func(q parameter) bool { return slices.Contains(names, q.name) })
}

// with gives the first parameter of a name another value and drops its
// others, or adds one at the end.
func (p parameters) with(name, value string) parameters {
	first := slices.IndexFunc(p, func(q parameter) bool { return q.name == name })
	if first < 0 {
		return append(slices.Clone(p), parameter{name, value})
	}
	rest := p[first+1:].without(name)
	return append(append(slices.Clone(p[:first]), parameter{name, value}), rest...)
}

// String writes application/x-www-form-urlencoded
// (https://url.spec.whatwg.org/#urlencoded-serializing).
func (p parameters) String() string {
	var b strings.Builder
	for i, parameter := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		formEncode(&b, parameter.name)
		b.WriteByte('=')
		formEncode(&b, parameter.value)
	}
	return b.String()
}

// formDecode decodes plus signs and escapes. What is no escape stays, and what
// is no UTF-8 becomes U+FFFD.
func formDecode(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return string([]rune(s))
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b.WriteByte(' ')
		case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return string([]rune(b.String()))
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

const upperHex = "0123456789ABCDEF"

func formEncode(b *strings.Builder, s string) {
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('+')
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '*', c == '-', c == '.', c == '_':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
}

// setParameters replaces the query of an address.
func setParameters(u *url.Url, p parameters) {
	u.SetSearch(p.String())
}
