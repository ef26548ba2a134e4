// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"slices"
	"strings"
	"time"
)

// callDifference is one thing that a call asks for otherwise than the reference
// on purpose. What is expected instead is exact.
type callDifference struct {
	// name is one of callDifferences.
	name string
	// otherwise makes what the reference sends into what is expected.
	otherwise func([]*sent) []*sent
}

// callDifferences say why.
var callDifferences = map[string]string{
	"zero-in-query":   "What is set in a query is sent, be it false, 0 or empty; the reference leaves that out, and Clerk then takes its default.",
	"no-members":      "A body of which nothing is set is {}; the reference sends none, and says that it is JSON.",
	"spelt-defaults":  "What is not set is not sent, and Clerk's default holds; the reference spells out defaults of its own.",
	"date-form":       "A moment is written with as many decimals as it has (RFC 3339); the reference writes three.",
	"metadata-method": "An update is one request, and metadata has methods of its own; the reference makes a second one.",
	"path-escape":     "An ID is one element of a path, whatever is in it; the reference puts it there as it is.",
	"refused-id":      "An ID that would lead to another path is refused; the reference sends it, with the secret key.",
	"total-count":     "A list is asked for with its total count where there is one; the reference asks some lists for it.",
	"described-path":  "The path is the one in Clerk's description; the reference has another one.",
	"provider-prefix": "A provider goes by the name that is given; the reference puts oauth_ before it.",
}

func differs(name string, otherwise func(s *sent)) []callDifference {
	return []callDifference{{name, func(all []*sent) []*sent {
		for _, s := range all {
			otherwise(s)
		}
		return all
	}}}
}

// zeroInQuery adds parameters that the reference takes for nothing, as
// name=value.
func zeroInQuery(parameters ...string) []callDifference {
	return differs("zero-in-query", func(s *sent) {
		for _, parameter := range parameters {
			name, value, _ := strings.Cut(parameter, "=")
			s.Query.Add(name, value)
		}
	})
}

func noMembers() []callDifference {
	return differs("no-members", func(s *sent) { s.Body = map[string]any{} })
}

// speltDefaults takes members away from the body.
func speltDefaults(members ...string) []callDifference {
	return differs("spelt-defaults", func(s *sent) {
		for _, member := range members {
			delete(s.Body.(map[string]any), member)
		}
	})
}

// dateForm writes a member of the body as encoding/json writes a time.Time.
func dateForm(member string) []callDifference {
	return differs("date-form", func(s *sent) {
		body := s.Body.(map[string]any)
		moment, err := time.Parse(time.RFC3339Nano, body[member].(string))
		if err != nil {
			panic(err)
		}
		body[member] = moment.Format(time.RFC3339Nano)
	})
}

func pathEscape(path string) []callDifference {
	return differs("path-escape", func(s *sent) { s.Path, s.Query = path, map[string][]string{} })
}

func totalCount() []callDifference {
	return differs("total-count", func(s *sent) { s.Query.Set("paginated", "true") })
}

// refusedID expects no request.
func refusedID() []callDifference {
	return []callDifference{{"refused-id", func([]*sent) []*sent { return nil }}}
}

// withoutPath expects the requests but those to a path.
func withoutPath(name, path string) []callDifference {
	return []callDifference{{name, func(all []*sent) []*sent {
		return slices.DeleteFunc(all, func(s *sent) bool { return s.Path == path })
	}}}
}

func providerPrefix(path string) []callDifference {
	return differs("provider-prefix", func(s *sent) { s.Path = path })
}

func describedPath(path string) []callDifference {
	return differs("described-path", func(s *sent) { s.Path = path })
}
