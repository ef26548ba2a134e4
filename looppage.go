// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

//go:embed looppage.html
var loopPageText string

var loopPage = parsePage(loopPageText)

// loop is what somebody is told whom redirecting did not help.
type loop struct {
	Reason  string   `json:"reason"`
	Message string   `json:"message"`
	Causes  []string `json:"causes"`
}

// showLoop answers a page load that was redirected again and again with what
// was measured of it, as HTML or as JSON. Whoever sees it is usually the one
// who sets the site up. The status is 401: there is a loop only where people are
// redirected.
func (h *Handler) showLoop(w http.ResponseWriter, r *http.Request, s *authstate.State) error {
	told := loop{Reason: s.Reason, Message: s.Message, Causes: s.LoopCauses()}
	protectPage(w.Header())
	w.Header().Set("WWW-Authenticate", plainChallenge)
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(h.status)
		return json.NewEncoder(w).Encode(told)
	}
	return writePage(w, h.status, loopPage, told)
}
