// SPDX-License-Identifier: Apache-2.0

package headerfield

import (
	"net/http"
	"slices"
	"strings"
)

// requestProtocols are those by which further requests can be sent: HTTP in
// another version (RFC 7540, section 3.2, which RFC 9113 has withdrawn), and
// TLS with HTTP inside of it (RFC 2817).
var requestProtocols = []string{"h2c", "h2", "http", "tls"}

// RemoveRequestUpgrade keeps a client from agreeing with an application on
// another way to send requests over the same connection: a proxy passes on what
// follows as it is, and nobody sees those requests. RFC 9110, section 7.8, lets
// a server ignore Upgrade. WebSockets and whatever else is no HTTP stay.
func RemoveRequestUpgrade(h http.Header) {
	if slices.ContainsFunc(h["Upgrade"], namesRequestProtocol) {
		delete(h, "Upgrade")
	}
}

func namesRequestProtocol(line string) bool {
	for protocol := range strings.SplitSeq(line, ",") {
		name, _, _ := strings.Cut(protocol, "/")
		if slices.Contains(requestProtocols, strings.ToLower(strings.TrimSpace(name))) {
			return true
		}
	}
	return false
}
