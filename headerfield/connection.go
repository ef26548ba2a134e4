// SPDX-License-Identifier: Apache-2.0

package headerfield

import (
	"net/http"
	"slices"
	"strings"
)

// RemoveConnectionOptions keeps a client from having proxies drop what the
// server sets: RFC 9110, section 7.6.1, has them remove the fields that
// Connection names. The options that are owned are removed from it, and the
// others become one line; a Connection without any of them stays as it is.
func RemoveConnectionOptions(h http.Header, owned []Owned) {
	lines := h["Connection"]
	if !slices.ContainsFunc(lines, func(line string) bool { return namesOwned(line, owned) }) {
		return
	}
	var kept []string
	for _, line := range lines {
		for option := range strings.SplitSeq(line, ",") {
			if option = strings.TrimSpace(option); option != "" && !IsOwned(owned, option) {
				kept = append(kept, option)
			}
		}
	}
	if len(kept) == 0 {
		delete(h, "Connection")
		return
	}
	h["Connection"] = []string{strings.Join(kept, ", ")}
}

func namesOwned(line string, owned []Owned) bool {
	for option := range strings.SplitSeq(line, ",") {
		if IsOwned(owned, strings.TrimSpace(option)) {
			return true
		}
	}
	return false
}
