// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"encoding/json"
	"strings"
)

// What follows finds where a JSON value ends (RFC 8259), which is what takes
// encoding/json the longest of all that is done to a token but for its
// signature. It takes for JSON what that does, and leaves to it what is nested
// deeper than tokens are.
//
// Each function is given the index of a first byte, which may be the length of
// the text, and gives that behind the last one, or notJSON.

const (
	// notJSON is no index.
	notJSON = -1
	// usualDepth is how deep the lists and objects of tokens are nested.
	usualDepth = 8
)

// isAt tells whether a byte stands at an index.
func isAt(text string, at int, c byte) bool { return at < len(text) && text[at] == c }

func skipSpace(text string, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t') {
		at++
	}
	return at
}

// endOfValue leaves lists and objects to encoding/json that are more than a
// depth below.
func endOfValue(text string, at, depth int) int {
	switch {
	case isAt(text, at, '"'):
		return endOfString(text, at)
	case isAt(text, at, '{'), isAt(text, at, '['):
		if depth == 0 {
			return endOfDeep(text, at)
		}
		return endOfNested(text, at, depth-1)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(text[at:], word) {
			return at + len(word)
		}
	}
	return endOfNumber(text, at)
}

// closing lists the brackets that end what others begin.
var closing = [...]byte{'[': ']', '{': '}'}

// endOfNested goes through the elements of a list or the members of an object.
func endOfNested(text string, at, depth int) int {
	isObject, end := text[at] == '{', closing[text[at]]
	if at = skipSpace(text, at+1); isAt(text, at, end) {
		return at + 1
	}
	for {
		if isObject {
			_, at = endOfName(text, at)
		}
		if at == notJSON {
			return notJSON
		}
		if at = endOfValue(text, at, depth); at == notJSON {
			return notJSON
		}
		if at = skipSpace(text, at); isAt(text, at, end) {
			return at + 1
		}
		if !isAt(text, at, ',') {
			return notJSON
		}
		at = skipSpace(text, at+1)
	}
}

// endOfName also gives the index of the value that the name is of.
func endOfName(text string, at int) (end, value int) {
	if end = endOfString(text, at); end == notJSON {
		return notJSON, notJSON
	}
	colon := skipSpace(text, end)
	if !isAt(text, colon, ':') {
		return notJSON, notJSON
	}
	return end, skipSpace(text, colon+1)
}

// endOfDeep looks for the bracket that closes the first one. Where they are
// mixed up it finds a wrong one, and no JSON before it.
func endOfDeep(text string, at int) int {
	begin, open := at, 0
	for at < len(text) {
		switch text[at] {
		case '"':
			if at = endOfString(text, at); at == notJSON {
				return notJSON
			}
			continue
		case '{', '[':
			open++
		case '}', ']':
			open--
		}
		if at++; open == 0 {
			if !json.Valid([]byte(text[begin:at])) {
				return notJSON
			}
			return at
		}
	}
	return notJSON
}

func endOfString(text string, at int) int {
	if !isAt(text, at, '"') {
		return notJSON
	}
	for at++; at < len(text); {
		switch c := text[at]; {
		case c == '"':
			return at + 1
		case c < ' ':
			return notJSON
		case c == '\\':
			if at = endOfEscape(text, at); at == notJSON {
				return notJSON
			}
		default:
			at++
		}
	}
	return notJSON
}

// escapeDigits is how many hexadecimal digits stand for a character.
const escapeDigits = 4

func endOfEscape(text string, at int) int {
	at++
	switch {
	case at == len(text):
		return notJSON
	case text[at] != 'u':
		if strings.IndexByte(`"\/bfnrt`, text[at]) < 0 {
			return notJSON
		}
		return at + 1
	}
	at++
	for range escapeDigits {
		if at == len(text) || strings.IndexByte("0123456789abcdefABCDEF", text[at]) < 0 {
			return notJSON
		}
		at++
	}
	return at
}

func endOfNumber(text string, at int) int {
	if isAt(text, at, '-') {
		at++
	}
	if isAt(text, at, '0') {
		at++
	} else if at = endOfDigits(text, at); at == notJSON {
		return notJSON
	}
	if isAt(text, at, '.') {
		if at = endOfDigits(text, at+1); at == notJSON {
			return notJSON
		}
	}
	if !isAt(text, at, 'e') && !isAt(text, at, 'E') {
		return at
	}
	if at++; isAt(text, at, '+') || isAt(text, at, '-') {
		at++
	}
	return endOfDigits(text, at)
}

// endOfDigits expects one digit at least.
func endOfDigits(text string, at int) int {
	begin := at
	for at < len(text) && text[at] >= '0' && text[at] <= '9' {
		at++
	}
	if at == begin {
		return notJSON
	}
	return at
}
