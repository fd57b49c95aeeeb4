"""The one place where table and column names of the data contract are written."""

PARTICIPANTS = "participants"
COURSES = "courses"
PURCHASES = "purchases"
TABLES = (PARTICIPANTS, COURSES, PURCHASES)

PARTICIPANT_ID = "participant_id"
ANNOUNCED_AT = "announced_at"
BALANCE = "balance"
OPTED_OUT = "opted_out"

COURSE_ID = "course_id"
PRICE = "price"
TITLE = "title"
CATEGORY = "category"
PROVIDER = "provider"
PLATFORM = "platform"
MODE = "mode"
MIN_AGE = "min_age"
MIN_EDUCATION = "min_education"
QUOTA = "quota"
ON_SALE_FROM = "on_sale_from"
ON_SALE_UNTIL = "on_sale_until"
DURATION_DAYS = "duration_days"

PURCHASED_AT = "purchased_at"
PRICE_PAID = "price_paid"
STATUS = "status"
RATING = "rating"

COMPLETED = "completed"
ACTIVE = "active"
CANCELLED = "cancelled"
STATUSES = (COMPLETED, ACTIVE, CANCELLED)

# what a database adds that says of itself how it is a dataset, as the store's does
STORE_INFO = "store_info"
PROFILE = "profile"
PLACE = "place"
PURCHASE_ID = "purchase_id"

RANK = "rank"
SCORE = "score"
SOURCE = "source"
