"""Response headers by which a site takes part in a browser's own advertising features: they have
the browser note down ads and purchases, interests, bids, or values shared between sites.

https://wicg.github.io/attribution-reporting-api/ · https://patcg-individual-drafts.github.io/topics/
https://wicg.github.io/turtledove/ · https://wicg.github.io/shared-storage/
"""

from __future__ import annotations

AD_HEADERS = frozenset(
    (
        b"ad-auction-additional-bid",
        b"ad-auction-allowed",
        b"ad-auction-result",
        b"ad-auction-signals",
        b"attribution-reporting-info",
        b"attribution-reporting-register-os-source",
        b"attribution-reporting-register-os-trigger",
        b"attribution-reporting-register-source",
        b"attribution-reporting-register-trigger",
        b"observe-browsing-topics",
        b"shared-storage-write",
    )
)
