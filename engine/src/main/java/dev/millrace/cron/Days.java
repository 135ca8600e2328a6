package dev.millrace.cron;

import java.time.DayOfWeek;
import java.time.LocalDate;

/**
 * Which days are meant: what two fields say together.
 *
 * @param either whether one of the fields is enough, since both restrict
 */
record Days(OfMonth ofMonth, OfWeek ofWeek, boolean either) {

    boolean mean(LocalDate date) {
        boolean month = ofMonth.means(date);
        return either ? month || ofWeek.means(date) : month && ofWeek.means(date);
    }

    /**
     * Days of the month, each a set of bits.
     *
     * @param days bit n: the day n
     * @param beforeLast bit n: n days before the last one
     * @param nearest bit n: the weekday nearest to the day n
     * @param lastWeekday the last day from Monday to Friday
     */
    record OfMonth(long days, long beforeLast, long nearest, boolean lastWeekday) {

        boolean means(LocalDate date) {
            int day = date.getDayOfMonth();
            int length = date.lengthOfMonth();
            return (days >>> day & 1) != 0
                    || (beforeLast >>> (length - day) & 1) != 0
                    || (lastWeekday && day == nearestWeekday(date, length))
                    || (nearest != 0 && isNearest(date, length));
        }

        /** A weekday is the nearest one of at most three days: itself and its neighbours, or over a weekend at an end of the month. */
        private boolean isNearest(LocalDate date, int length) {
            int day = date.getDayOfMonth();
            for (int target = Math.max(1, day - 2); target <= Math.min(length, day + 2); target++)
                if ((nearest >>> target & 1) != 0 && nearestWeekday(date, target) == day) return true;
            return false;
        }

        /** From Monday to Friday, in the same month. */
        private static int nearestWeekday(LocalDate month, int target) {
            int length = month.lengthOfMonth();
            return switch (month.withDayOfMonth(target).getDayOfWeek()) {
                case SATURDAY -> target > 1 ? target - 1 : target + 2;
                case SUNDAY -> target < length ? target + 1 : target - 2;
                default -> target;
            };
        }
    }

    /**
     * Days of the week; Sunday is 0.
     *
     * @param days bit d: every such day
     * @param last bit d: the last one of a month
     * @param nth bit 7n + d: the nth one of a month, n from 1 to 5
     */
    record OfWeek(long days, long last, long nth) {

        boolean means(LocalDate date) {
            int day = date.getDayOfWeek() == DayOfWeek.SUNDAY
                    ? 0
                    : date.getDayOfWeek().getValue();
            int nthOfMonth = (date.getDayOfMonth() + 6) / 7;
            return (days >>> day & 1) != 0
                    || ((last >>> day & 1) != 0 && date.getDayOfMonth() + 7 > date.lengthOfMonth())
                    || (nth >>> (7 * nthOfMonth + day) & 1) != 0;
        }
    }
}
