// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// diff lists the fields in which two records differ, one a line. Redirects
// are the same when their bases are and their queries have the same pairs.
func (r *Record) diff(other *Record) []string {
	var lines []string
	a, b := reflect.ValueOf(*r), reflect.ValueOf(*other)
	for i := range a.NumField() {
		name := a.Type().Field(i).Name
		left, right := fmt.Sprintf("%+v", a.Field(i)), fmt.Sprintf("%+v", b.Field(i))
		if name == "Location" || name == "SignIn" {
			left, right = canonicalURL(left), canonicalURL(right)
		}
		if left != right {
			lines = append(lines, fmt.Sprintf("%s:\n  expected %s\n  got      %s", name, left, right))
		}
	}
	return lines
}

// canonicalURL writes a URL such that two that mean the same become equal:
// the base as it is, then the decoded pairs of the query in order of name.
func canonicalURL(address string) string {
	base, query, found := strings.Cut(address, "?")
	if !found {
		return address
	}
	query, fragment, hasFragment := strings.Cut(query, "#")
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		pairs[i] = "\n    " + formDecode(name) + " = " + formDecode(value)
	}
	slices.Sort(pairs)
	text := base + strings.Join(pairs, "")
	if hasFragment {
		text += "\n    #" + fragment
	}
	return text
}
