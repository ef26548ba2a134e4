// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Member is a member of a token's header or payload.
type Member struct {
	Name string `json:"name"`
	// Value is JSON on one line, fit for a terminal: bounded, and without
	// anything in it that is a token itself.
	Value string `json:"value"`
	// Note says what the value means: when a moment is, as seen from now, or what
	// class of tokens a category is.
	Note string `json:"note,omitempty"`
}

// Limits of what is shown of a token.
const (
	maxMembers     = 64
	maxMemberValue = 512
)

// tokenInside finds JWTs, whole or cut, which begin with what the brace of a
// JSON object is in base64url: a handshake carries session tokens, and a
// template can carry what it likes.
var tokenInside = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)*`)

// shortestSignature is the length from which on a text that is the same as the
// signature's is one.
const shortestSignature = 16

// printable gives the members of an object in the order of their names. What
// stands for the signature, in whatever member, is left out.
func (o *object) printable(signature string) []Member {
	var all map[string]any
	decoder := json.NewDecoder(strings.NewReader(o.text))
	decoder.UseNumber()
	if decoder.Decode(&all) != nil {
		return nil
	}
	hide := func(text string) string {
		if len(signature) >= shortestSignature {
			text = strings.ReplaceAll(text, signature, "[hidden]")
		}
		return tokenInside.ReplaceAllString(text, "[a token]")
	}
	shown := make([]Member, 0, min(len(all), maxMembers+1))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(shown) == maxMembers {
			shown = append(shown, Member{Name: "…", Value: fmt.Sprintf("%d more", len(all)-maxMembers)})
			break
		}
		value := compact(all[name])
		if name == "handshake" {
			value = `"[cookies]"`
		}
		shown = append(shown, Member{Name: printableText(hide(name), quoteLimit), Value: printableText(hide(value), maxMemberValue)})
	}
	return shown
}

func compact(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return `"?"`
	}
	return strings.TrimSpace(text.String())
}

// printableText bounds a text, and writes what a terminal could act on, or
// would not show, as an escape.
func printableText(text string, limit int) string {
	var shown strings.Builder
	for _, c := range text {
		if shown.Len() >= limit {
			shown.WriteString("…")
			break
		}
		switch {
		case c == utf8.RuneError, strconv.IsPrint(c):
			shown.WriteRune(c)
		default:
			escaped := strconv.QuoteRuneToASCII(c)
			shown.WriteString(escaped[1 : len(escaped)-1])
		}
	}
	return shown.String()
}
