// SPDX-License-Identifier: Apache-2.0

package frontendapi

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Target is the path and the query of a request to the Frontend API.
type Target struct {
	// Path is decoded, and RawPath is it as it was spelt. Both begin with a slash.
	Path, RawPath string
	// RawQuery is without its question mark.
	RawQuery string
}

// Below gives what of a request's target is below a path: nothing, or what begins
// with a slash or a question mark. Nothing is decoded: another spelling of the path
// is another path.
func Below(target, path string) (below string, ok bool) {
	below, ok = strings.CutPrefix(target, path)
	if !ok || (below != "" && below[0] != '/' && below[0] != '?') {
		return "", false
	}
	return below, true
}

var errTarget = errors.New("expected a path of the Frontend API, such as /v1/client, in its plain spelling")

// ParseTarget reads a target below a proxy's path. It refuses what different
// programs read differently, and all that leads elsewhere in some reading: empty
// and dotted segments, backslashes, and the same with percent signs. The error does
// not repeat the target.
func ParseTarget(below string) (Target, error) {
	raw, query, _ := strings.Cut(below, "?")
	if raw == "" {
		raw = "/"
	}
	path, err := url.PathUnescape(raw)
	switch {
	case err != nil, raw[0] != '/', !utf8.ValidString(path):
		return Target{}, errTarget
	case strings.ContainsFunc(raw, endsTarget), strings.ContainsFunc(query, endsTarget), strings.ContainsFunc(path, isUnsafe):
		return Target{}, errTarget
	case strings.Count(path, "/") != strings.Count(raw, "/"), hasOddSegment(path):
		return Target{}, errTarget
	}
	return Target{Path: path, RawPath: raw, RawQuery: query}, nil
}

// endsTarget finds what cannot stand in a target (RFC 9112, section 3.2), or would
// begin a fragment.
func endsTarget(c rune) bool { return c <= ' ' || c > '~' || c == '#' || c == '\\' }

// isUnsafe finds what no path of the Frontend API has, however it is spelt. A
// percent sign is what a second decoding would take up.
func isUnsafe(c rune) bool { return unicode.IsControl(c) || strings.ContainsRune(`\?#%`, c) }

// hasOddSegment finds segments that are dots, and empty ones but for the last.
// Some servers cut parameters off before they look, as in "..;a".
func hasOddSegment(path string) bool {
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." || (name == "" && (segment != "" || i < len(segments)-1)) {
			return true
		}
	}
	return false
}
