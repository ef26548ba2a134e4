// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// What a match may cost. A path longer than this matches no pattern.
const (
	maxPathPattern  = 1 << 10
	maxPatternSteps = 1 << 10
	maxMatchedPath  = 16 << 10
)

// pathPattern is a pattern of path-to-regexp 6 with its default options
// (https://github.com/pillarjs/path-to-regexp/tree/6.x), which Clerk's SDK
// matches paths with: text, :name, :name(regex), (regex), {text:name text}, each
// of the latter with the modifiers ?, + and *, and a backslash before any sign
// that is meant as text. Case does not matter, nor does one slash at the end.
//
// It is one expression of package regexp, which takes linear time. Go folds two
// signs into ASCII letters that JavaScript does not, U+017F and U+212A; paths
// have neither, as URLs are percent-encoded.
type pathPattern struct {
	text       string
	expression *regexp.Regexp
	// parameters are those of the expression's groups, in their order.
	parameters []patternParameter
}

type patternParameter struct {
	name string
	// bare is an optional parameter with no text around it. JavaScript takes
	// it for missing when it is empty.
	bare bool
}

// parsePathPattern reads a pattern of at most 1 KiB of ASCII. Its regular
// expressions are JavaScript's as far as Go has the same. What the reference
// refuses is refused, repeated assertions such as ^* apart, and so is what
// takes a lookaround to express.
func parsePathPattern(text string) (*pathPattern, error) {
	p, err := translatePathPattern(text)
	if err != nil {
		return nil, fmt.Errorf("path pattern %.64q: %w", text, err)
	}
	return p, nil
}

func translatePathPattern(text string) (*pathPattern, error) {
	if len(text) > maxPathPattern {
		return nil, fmt.Errorf("expected at most %d bytes, got %d", maxPathPattern, len(text))
	}
	if at := strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }); at >= 0 {
		return nil, fmt.Errorf("at %d: expected ASCII only: paths are matched percent-encoded", at)
	}
	pieces, err := patternPieces(text)
	if err != nil {
		return nil, err
	}
	t := &patternTranslation{pieces: pieces}
	t.expression.WriteString("(?i)^")
	if err := t.translate(); err != nil {
		return nil, err
	}
	t.expression.WriteString("[/#?]?$")
	if err := checkSteps(t.expression.String()); err != nil {
		return nil, err
	}
	expression, err := regexp.Compile(t.expression.String())
	return &pathPattern{text, expression, t.parameters}, err
}

// checkSteps refuses an expression that is short but large, such as .{1000}.
// The time that a match takes is the length of the path times its steps.
func checkSteps(expression string) error {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return err
	}
	if len(program.Inst) > maxPatternSteps {
		return fmt.Errorf("expected a regular expression of at most %d steps, got %d: repeat less", maxPatternSteps, len(program.Inst))
	}
	return nil
}

// match gives the parameters of a path, undecoded, if it matches; those without
// a name are numbered from 0. Missing ones are left out, the last of several of
// one name stands, and a repeated one has all its text, separators included.
func (p *pathPattern) match(path string) (params map[string]string, ok bool) {
	if len(path) > maxMatchedPath {
		return nil, false
	}
	groups := p.expression.FindStringSubmatchIndex(path)
	if groups == nil {
		return nil, false
	}
	params = make(map[string]string, len(p.parameters))
	for i, parameter := range p.parameters {
		start, end := groups[2*i+2], groups[2*i+3]
		if start < 0 || start == end && parameter.bare {
			continue
		}
		params[parameter.name] = path[start:end]
	}
	return params, true
}

// has tells whether a match can have a parameter of one of these names.
func (p *pathPattern) has(names ...string) bool {
	return slices.ContainsFunc(p.parameters, func(parameter patternParameter) bool {
		return slices.Contains(names, parameter.name)
	})
}
