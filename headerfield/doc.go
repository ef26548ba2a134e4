// SPDX-License-Identifier: Apache-2.0

// Package headerfield has the rules for fields of a request's header by which a
// server tells an application behind it something that clients must not say:
// which names such a field may have, which names of a client's applications
// would take for it, and how any text becomes its value. Names and values are
// those of RFC 9110, section 5.
//
// All of it is pure, and knows no Caddy.
package headerfield
