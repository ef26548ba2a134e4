// SPDX-License-Identifier: Apache-2.0

package headerfield

import (
	"net/http"
	"slices"
	"testing"
)

func TestConnectionOptionsThatAreOwnedAreRemoved(t *testing.T) {
	owned := []Owned{OwnedName("X-Webauth-User"), OwnedPrefix("X-Clerk-")}
	for name, test := range map[string]struct{ lines, want []string }{
		"no Connection":      {nil, nil},
		"none owned":         {[]string{"close,X-Mine ,,", "Upgrade"}, []string{"close,X-Mine ,,", "Upgrade"}},
		"alone":              {[]string{"X-Webauth-User"}, nil},
		"with others":        {[]string{"close, x-webauth-user,X-CLERK-ORG-ROLE"}, []string{"close"}},
		"other spellings":    {[]string{"x_webauth.user,\tX_Clerk.A , Upgrade"}, []string{"Upgrade"}},
		"several lines":      {[]string{"keep-alive", ",X-Webauth-User,,", "X-Mine"}, []string{"keep-alive, X-Mine"}},
		"longer and shorter": {[]string{"X-Webauth-User-Id, X-Webauth, X-Clerk"}, []string{"X-Webauth-User-Id, X-Webauth, X-Clerk"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if test.lines != nil {
				h["Connection"] = test.lines
			}
			before := slices.Clone(test.lines)
			RemoveConnectionOptions(h, owned)
			if got := h["Connection"]; !slices.Equal(got, test.want) {
				t.Errorf("expected %q, got %q", test.want, got)
			}
			if _, ok := h["Connection"]; ok && test.want == nil {
				t.Error("expected no field rather than an empty one")
			}
			if !slices.Equal(test.lines, before) {
				t.Errorf("expected the lines to be left alone, got %q", test.lines)
			}
		})
	}
}
