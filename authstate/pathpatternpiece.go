// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"errors"
	"fmt"
	"strings"
)

// patternPiece is one sign of a path pattern, or several that belong together.
type patternPiece struct {
	kind patternPieceKind
	text string
	at   int
}

// patternPieceKind is worded as errors name it.
type patternPieceKind string

const (
	plainPiece    patternPieceKind = "text"
	escapedPiece  patternPieceKind = "escaped text"
	namePiece     patternPieceKind = "a name"
	regexpPiece   patternPieceKind = "a regular expression"
	modifierPiece patternPieceKind = "a modifier"
	openPiece     patternPieceKind = "an opening brace"
	closePiece    patternPieceKind = "a closing brace"
	endPiece      patternPieceKind = "the end of the pattern"
)

var signPieces = map[byte]patternPieceKind{
	'*': modifierPiece, '+': modifierPiece, '?': modifierPiece, '{': openPiece, '}': closePiece,
}

// patternPieces splits a pattern. The last piece is its end.
func patternPieces(pattern string) ([]patternPiece, error) {
	var pieces []patternPiece
	for at := 0; at < len(pattern); {
		piece, width, err := firstPatternPiece(pattern[at:])
		if err != nil {
			return nil, fmt.Errorf("at %d: %w", at, err)
		}
		piece.at = at
		pieces = append(pieces, piece)
		at += width
	}
	return append(pieces, patternPiece{kind: endPiece, at: len(pattern)}), nil
}

// firstPatternPiece reads the piece that a text begins with.
func firstPatternPiece(text string) (piece patternPiece, width int, err error) {
	if kind, ok := signPieces[text[0]]; ok {
		return patternPiece{kind: kind, text: text[:1]}, 1, nil
	}
	switch text[0] {
	case '\\':
		// At the end it has nothing to escape, which the reference overlooks.
		width = min(2, len(text))
		return patternPiece{kind: escapedPiece, text: text[1:width]}, width, nil
	case ':':
		name := nameAtStart(text[1:])
		if name == "" {
			return piece, 0, errors.New("expected a name after the colon, of letters, digits and underscores")
		}
		return patternPiece{kind: namePiece, text: name}, 1 + len(name), nil
	case '(':
		expression, err := regexpAtStart(text)
		return patternPiece{kind: regexpPiece, text: expression}, len(expression) + len("()"), err
	default:
		return patternPiece{kind: plainPiece, text: text[:1]}, 1, nil
	}
}

func nameAtStart(text string) string {
	for i := range len(text) {
		if !isAlphanumeric(text[i]) && text[i] != '_' {
			return text[:i]
		}
	}
	return text
}

// regexpAtStart reads what is between the parenthesis that a text begins with
// and the one that closes it. Those in character classes count, as they do for
// the reference.
func regexpAtStart(text string) (string, error) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '(':
			if depth > 0 && !strings.HasPrefix(text[i+1:], "?") {
				return "", errors.New("expected no capturing group in a regular expression: write (?:…)")
			}
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[1:i], checkPatternRegexp(text[1:i])
			}
		}
	}
	return "", errors.New("expected a closing parenthesis, and found none")
}
