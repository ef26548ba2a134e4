// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
)

// sharedEscapes are the letters that mean the same after a backslash in
// JavaScript and in Go, on the ASCII that paths are made of. The others are an
// error in one of them or read as something else: \z is a letter in
// JavaScript, \1 a reference back, and \Q begins a quotation in Go.
const sharedEscapes = "bBdDsSwW"

// checkPatternRegexp refuses a regular expression of JavaScript's that Go's
// linear-time ones lack or would read as something else
// (https://tc39.es/ecma262/#sec-patterns, package regexp/syntax).
func checkPatternRegexp(expression string) error {
	if expression == "" || expression[0] == '?' {
		return errors.New("expected a regular expression in parentheses")
	}
	inClass := false
	for i := 0; i < len(expression); i++ {
		rest := expression[i:]
		if err := checkPatternRegexpStart(rest, inClass); err != nil {
			return err
		}
		switch {
		case rest[0] == '\\':
			i++
		case inClass:
			inClass = rest[0] != ']'
		default:
			inClass = rest[0] == '['
		}
	}
	// By itself, so that it cannot close the group that it is put in.
	_, err := syntax.Parse(expression, syntax.Perl)
	return err
}

// checkPatternRegexpStart checks what stands at the start of a text.
func checkPatternRegexpStart(text string, inClass bool) error {
	switch {
	case text[0] == '\\' && isAlphanumeric(text[1]) && !strings.Contains(sharedEscapes, text[1:2]):
		return fmt.Errorf("expected no escaped letters or digits but %s, got %.2s", sharedEscapes, text)
	case inClass && strings.HasPrefix(text, "[:"):
		return errors.New("expected no class in a class: escape the bracket")
	case !inClass && (strings.HasPrefix(text, "[]") || strings.HasPrefix(text, "[^]")):
		return errors.New("expected a class with something in it")
	case !inClass && text[0] == '(' && !strings.HasPrefix(text, "(?:"):
		return fmt.Errorf("expected no groups but (?:…), got one that begins %.3s", text)
	default:
		return nil
	}
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
