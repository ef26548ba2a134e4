// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// patternTranslation turns the pieces of a path pattern into a regular
// expression and the parameters of its groups.
type patternTranslation struct {
	pieces     []patternPiece
	next       int
	expression strings.Builder
	parameters []patternParameter
	// unnamed counts the parameters without a name.
	unnamed int
	// text was read and is not written yet.
	text string
	// separator is the text written last, unless a group followed it.
	separator  string
	afterGroup bool
}

// patternGroup is a parameter with the text that comes and goes with it, or
// such text alone.
type patternGroup struct {
	prefix, name, expression, suffix, modifier string
}

func (t *patternTranslation) translate() error {
	for {
		var err error
		switch piece := t.pieces[t.next]; piece.kind {
		case plainPiece, escapedPiece:
			t.text += piece.text
			t.next++
		case namePiece, regexpPiece:
			err = t.translateParameter()
		case openPiece:
			err = t.translateBraces()
		case endPiece:
			t.writeText()
			return nil
		case modifierPiece, closePiece:
			err = t.unexpected("text, a parameter or an opening brace")
		}
		if err != nil {
			return err
		}
	}
}

func (t *patternTranslation) translateParameter() error {
	group := patternGroup{prefix: t.takePrefix()}
	t.writeText()
	group.name, group.expression = t.take(namePiece), t.take(regexpPiece)
	group.modifier = t.take(modifierPiece)
	return t.writeGroup(group)
}

func (t *patternTranslation) translateBraces() error {
	t.writeText()
	t.take(openPiece)
	group := patternGroup{prefix: t.takeText()}
	group.name, group.expression = t.take(namePiece), t.take(regexpPiece)
	group.suffix = t.takeText()
	if t.take(closePiece) == "" {
		return t.unexpected("a closing brace")
	}
	group.modifier = t.take(modifierPiece)
	return t.writeGroup(group)
}

// take gives the text of the next piece and goes on, if it is of this kind.
func (t *patternTranslation) take(kind patternPieceKind) string {
	piece := t.pieces[t.next]
	if piece.kind != kind {
		return ""
	}
	t.next++
	return piece.text
}

func (t *patternTranslation) takeText() string {
	var text strings.Builder
	for t.pieces[t.next].kind == plainPiece || t.pieces[t.next].kind == escapedPiece {
		text.WriteString(t.pieces[t.next].text)
		t.next++
	}
	return text.String()
}

// takePrefix takes back the slash or dot before a parameter: it comes and goes
// with it, unless it was escaped.
func (t *patternTranslation) takePrefix() string {
	if t.next == 0 {
		return ""
	}
	last := t.pieces[t.next-1]
	if last.kind != plainPiece || last.text != "/" && last.text != "." {
		return ""
	}
	t.text = t.text[:len(t.text)-1]
	return last.text
}

func (t *patternTranslation) unexpected(want string) error {
	piece := t.pieces[t.next]
	return fmt.Errorf("at %d: expected %s, got %s", piece.at, want, piece.kind)
}

func (t *patternTranslation) writeText() {
	if t.text == "" {
		return
	}
	t.expression.WriteString(regexp.QuoteMeta(t.text))
	t.separator, t.afterGroup, t.text = t.text, false, ""
}

func (t *patternTranslation) writeGroup(g patternGroup) error {
	prefix, suffix := regexp.QuoteMeta(g.prefix), regexp.QuoteMeta(g.suffix)
	if g.name == "" && g.expression == "" {
		fmt.Fprintf(&t.expression, "(?:%s%s)%s", prefix, suffix, g.modifier)
		t.separator, t.afterGroup = "", true
		return nil
	}
	if err := t.complete(&g); err != nil {
		return fmt.Errorf("parameter %.64s: %w", g.name, err)
	}
	bare := prefix+suffix == ""
	switch {
	case bare && isRepeated(g.modifier):
		return fmt.Errorf("parameter %.64s: expected text around what is repeated", g.name)
	case bare:
		fmt.Fprintf(&t.expression, "(%s)%s", g.expression, g.modifier)
	case isRepeated(g.modifier):
		fmt.Fprintf(&t.expression, "(?:%[1]s((?:%[2]s)(?:%[3]s%[1]s(?:%[2]s))*)%[3]s)", prefix, g.expression, suffix)
		if g.modifier == "*" {
			t.expression.WriteByte('?')
		}
	default:
		fmt.Fprintf(&t.expression, "(?:%s(%s)%s)%s", prefix, g.expression, suffix, g.modifier)
	}
	t.parameters = append(t.parameters, patternParameter{g.name, bare && g.modifier == "?"})
	t.separator, t.afterGroup = "", true
	return nil
}

func isRepeated(modifier string) bool { return modifier == "+" || modifier == "*" }

// complete gives a parameter the name or the expression that it came without.
func (t *patternTranslation) complete(g *patternGroup) (err error) {
	if g.name == "" {
		g.name = strconv.Itoa(t.unnamed)
		t.unnamed++
	}
	if g.expression == "" {
		g.expression, err = t.segment(g.prefix)
	}
	return err
}

// segment is the expression of a parameter that came without one: a part of a
// path between slashes, and without the text that it begins after, so that
// /:name.:extension has one reading.
func (t *patternTranslation) segment(prefix string) (string, error) {
	separator := cmp.Or(prefix, t.separator)
	switch {
	case separator == "" && t.afterGroup:
		return "", errors.New("expected text between it and what it follows")
	case separator == "" || strings.ContainsAny(separator, "/#?"):
		return "[^/#?]+?", nil
	case len(separator) == 1:
		return "[^/#?" + regexp.QuoteMeta(separator) + "]+?", nil
	default:
		// A text without these several signs takes a lookahead to describe.
		return "", fmt.Errorf("expected a slash or a single sign before it, got %.64q: give it a regular expression, such as ([^/]+)", separator)
	}
}
