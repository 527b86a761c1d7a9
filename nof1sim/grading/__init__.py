"""Networks that grade severity from photographs: trained, applied and judged."""
