package dev.millrace.crawler;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class CrawlSqlIT {

    @Test
    void every_statement_fits_the_schema() throws Exception {
        try (var database = TestDatabase.fresh();
                var connection = database.connections().getConnection()) {
            Migration.run(database.connections(), Crawler.SCHEMA);
            var sql = new CrawlSql(Crawler.SCHEMA);
            var wrong = new ArrayList<String>();

            for (var field : CrawlSql.class.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers())) continue;
                try (var statement = connection.prepareStatement((String) field.get(sql))) {
                    statement.getParameterMetaData(); // asks the server to prepare it
                } catch (java.sql.SQLException e) {
                    wrong.add(field.getName() + ": " + e.getMessage());
                }
            }

            assertThat(wrong).isEmpty();
            assertThat(Arrays.stream(CrawlSql.class.getDeclaredFields())).isNotEmpty();
        }
    }
}
