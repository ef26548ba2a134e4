// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

//go:embed looppage.html
var loopPageText string

var loopPage = template.Must(template.New("loop").Parse(loopPageText))

// loop is what somebody is told whom redirecting did not help.
type loop struct {
	Reason  string   `json:"reason"`
	Message string   `json:"message"`
	Causes  []string `json:"causes"`
}

// showLoop answers a page load that was redirected again and again with what
// was measured of it, as HTML or as JSON. Whoever sees it is usually the one
// who sets the site up.
func (h *Handler) showLoop(w http.ResponseWriter, r *http.Request, s *authstate.State) error {
	told := loop{Reason: s.Reason, Message: s.Message, Causes: s.LoopCauses()}
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		header.Set("Content-Type", "application/json")
		w.WriteHeader(h.status)
		return json.NewEncoder(w).Encode(told)
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(h.status)
	return loopPage.Execute(w, told)
}
